import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { keepMutantSeed, likelySeeds } from './mutant-seeds.ts';
import { type Mutant, mutants } from './mutants.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '400' },
    from: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    workers: { type: 'string', default: String(availableParallelism()) },
    'no-keep': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const help = `Breaks the program on purpose, in one place at a time, and shows that the simulated world notices each.

  npm run sim:mutants -- [--seeds N] [--from S] [--only TEXT] [--workers N] [--no-keep]

  --seeds N    worlds that a mutant may live through before it counts as survived (default 400)
  --from S     the first of them (default 1)
  --only TEXT  mutants with this in their name
  --workers N  mutants at the same time (default: as many as there are processors)
  --no-keep    neither begins with the worlds of test/sim/mutant-seeds.json nor writes there which one showed a mutant

A world that shows a mutant is lived through without it as well, and must be sound then. The last line is one of JSON;
the exit status is 1 when a mutant survived.`;

const BUFFER_MAX = 64 * 1024 * 1024;
const folder = import.meta.dirname;

const lastLine = z.object({ seeds: z.int(), violations: z.int() });

type Run =
  | { readonly kind: 'broken'; readonly why: string }
  | { readonly kind: 'sound'; readonly seeds: number }
  | { readonly kind: 'violated'; readonly seeds: number; readonly seed: number; readonly how: string };

type Verdict = { readonly name: string; readonly caught: boolean; readonly line: string };

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // The process ended before it could say anything: the caller tells so.
    return undefined;
  }
};

const readRun = (stdout: string, whyNot: string): Run => {
  const lines = stdout.trim().split('\n');
  const read = lastLine.safeParse(parsed(lines.at(-1) ?? ''));
  if (!read.success) return { kind: 'broken', why: whyNot };
  const { seeds, violations } = read.data;
  if (violations === 0) return { kind: 'sound', seeds };
  const seed = Number(/^replay .*--seed (\d+)/m.exec(stdout)?.[1]);
  const how = lines.findLast((line) => line.startsWith('turn ')) ?? '';
  return { kind: 'violated', seeds, seed, how: how.slice(0, 120) };
};

/** Lives through worlds in a process of its own, until one of them is violated. */
const live = (options: readonly string[], mutant: string | null): Promise<Run> =>
  new Promise((resolve) => {
    const broken = mutant === null ? [] : ['--import', path.join(folder, 'mutate.ts')];
    const args = [...broken, path.join(folder, 'main.ts'), ...options];
    const always = ['--first', '--no-keep', '--workers', '1', '--json'];
    const env = mutant === null ? process.env : { ...process.env, TIDEMARK_MUTANT: mutant };
    execFile(process.execPath, [...args, ...always], { env, maxBuffer: BUFFER_MAX }, (error, stdout, stderr) => {
      resolve(readRun(stdout, `${stderr.slice(-500)}${error === null ? '' : error.message.slice(0, 200)}`));
    });
  });

const controls = new Map<string, Promise<Run>>();

const optionsOf = ({ worlds }: Mutant): string[] => (worlds === undefined ? [] : ['--with', worlds.join()]);

/** The same world with nothing broken. */
const control = (seed: number, mutant: Mutant): Promise<Run> => {
  const options = ['--seeds', '0', '--before', String(seed), ...optionsOf(mutant)];
  const run = controls.get(options.join()) ?? live(options, null);
  controls.set(options.join(), run);
  return run;
};

const challenge = async (mutant: Mutant): Promise<Verdict> => {
  const { name } = mutant;
  const before = values['no-keep'] ? [] : ['--before', likelySeeds(name).join(',')];
  const run = await live(['--seeds', values.seeds, '--from', values.from, ...before, ...optionsOf(mutant)], name);
  switch (run.kind) {
    case 'broken':
      return { name, caught: false, line: `BROKEN    ${name}: ${run.why}` };
    case 'sound':
      return { name, caught: false, line: `SURVIVED  after ${run.seeds} seeds: ${name}` };
    case 'violated':
      break;
  }
  const { seed, seeds, how } = run;
  if ((await control(seed, mutant)).kind !== 'sound') {
    return { name, caught: false, line: `UNSOUND   seed ${seed} is violated without the mutant too: ${name}` };
  }
  if (!values['no-keep']) keepMutantSeed(name, seed);
  return { name, caught: true, line: `caught    by seed ${seed} after ${seeds}: ${name} (${how})` };
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
