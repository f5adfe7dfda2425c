import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Mutant, mutants } from './mutants.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '400' },
    only: { type: 'string', default: '' },
    workers: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', default: false },
  },
});

const help = `Breaks the program on purpose, in one place at a time, and shows that the simulated world notices each.

  npm run sim:mutants -- [--seeds N] [--only TEXT] [--workers N]

  --seeds N    worlds that a mutant may live through before it counts as survived (default 400)
  --only TEXT  mutants with this in their name

The last line is one of JSON; the exit status is 1 when one survived.`;

const BUFFER_MAX = 64 * 1024 * 1024;
const folder = import.meta.dirname;

const lastLine = z.object({ seeds: z.int(), violations: z.int() });

type Verdict = { readonly name: string; readonly caught: boolean; readonly line: string };

/** Lives through worlds in a process of its own, with one place broken, until one of them shows it. */
const challenge = ({ name }: Mutant): Promise<Verdict> =>
  new Promise((resolve) => {
    const args = ['--import', path.join(folder, 'mutate.ts'), path.join(folder, 'main.ts')];
    const options = ['--seeds', values.seeds, '--first', '--no-keep', '--workers', '1', '--json'];
    const env = { ...process.env, TIDEMARK_MUTANT: name };
    execFile(process.execPath, [...args, ...options], { env, maxBuffer: BUFFER_MAX }, (error, stdout, stderr) => {
      const lines = stdout.trim().split('\n');
      const read = lastLine.safeParse(parsed(lines.at(-1) ?? ''));
      if (!read.success) {
        resolve({
          name,
          caught: false,
          line: `BROKEN    ${name}: ${stderr.slice(-500)}${error === null ? '' : error.message.slice(0, 200)}`,
        });
        return;
      }
      const { seeds, violations } = read.data;
      const how = lines.findLast((line) => line.startsWith('turn ')) ?? '';
      const caught = violations > 0;
      resolve({
        name,
        caught,
        line: `${caught ? 'caught   ' : 'SURVIVED '} after ${seeds} seeds: ${name} (${how.slice(0, 120)})`,
      });
    });
  });

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // The process ended before it could say anything: the caller tells so.
    return undefined;
  }
};

const run = async (): Promise<boolean> => {
  const wanted = mutants.filter(({ name }) => name.includes(values.only));
  const queue = wanted.values();
  const verdicts: Verdict[] = [];
  const worker = async (): Promise<void> => {
    for (const mutant of queue) {
      const verdict = await challenge(mutant);
      verdicts.push(verdict);
      process.stdout.write(`${verdict.line}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.workers) }, worker));
  const caught = verdicts.filter((verdict) => verdict.caught).length;
  process.stdout.write(`${JSON.stringify({ mutants: wanted.length, caught })}\n`);
  return caught === wanted.length;
};

if (values.help) process.stdout.write(`${help}\n`);
else process.exitCode = (await run()) ? 0 : 1;
