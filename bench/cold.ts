import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { ensureBuiltApp } from '../scripts/built-app.ts';

// What our own code adds to a cold start on Zapier: the time to load the app from the zip that is shipped, less the
// time to load zapier-platform-core alone from the same folder. Only loading is timed: that is what every cold process
// does, while `definition` and `validate` run at build time only.

const SAMPLES_MIN = 11;
const SAMPLE_TIMEOUT_MS = 60_000;

type Subject = 'core' | 'app';

// Zapier's wrapper imports core, then the app, and makes the handler.
const modules: Readonly<Record<Subject, string>> = { core: 'zapier-platform-core', app: './zapierwrapper.js' };

/** Milliseconds that one new process takes to load the subject, timed inside it so that Node's own start does not count. */
const takeSample = async (folder: string, subject: Subject): Promise<number> => {
  const program = `const startedMs = performance.now();
    await import(${JSON.stringify(modules[subject])});
    process.stdout.write(String(performance.now() - startedMs));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: folder,
    timeout: SAMPLE_TIMEOUT_MS,
    // A compile cache would hide the very work that a cold start does.
    env: { NODE_DISABLE_COMPILE_CACHE: '1' },
  });
  const tookMs = Number.parseFloat(stdout);
  if (Number.isNaN(tookMs)) throw new Error(`Cannot time ${subject}: its process printed '${stdout}'`);
  return tookMs;
};

const parseSamples = (text: string): number => {
  const samples = Number(text);
  if (Number.isInteger(samples) && samples >= SAMPLES_MIN) return samples;
  throw new Error(`Cannot take '${text}' samples: expected a whole number of at least ${SAMPLES_MIN}`);
};

/** Interleaved, so that a busy spell of the machine falls on both subjects alike. */
const measure = async (folder: string, samples: number): Promise<Readonly<Record<Subject, readonly number[]>>> => {
  const core: number[] = [];
  const app: number[] = [];
  for (let taken = 0; taken < samples; taken += 1) {
    core.push(await takeSample(folder, 'core'));
    app.push(await takeSample(folder, 'app'));
  }
  return { core, app };
};

const round = (ms: number): number => Math.round(ms * 10) / 10;

const tableRow = (subject: string, took: readonly number[]): string => {
  const sorted = took.toSorted((a, b) => a - b);
  const figures = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  return [subject.padEnd(22), ...figures.map((ms) => String(round(ms ?? NaN)).padStart(8))].join(' ');
};

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, samples: { type: 'string', default: String(SAMPLES_MIN) } },
});
const took = await measure(await ensureBuiltApp(), parseSamples(values.samples));
// The fastest of each: noise only ever adds.
const shareMs = round(Math.min(...took.app) - Math.min(...took.core));
const { size: zipBytes } = await stat(path.resolve(import.meta.dirname, '../build/build.zip'));
if (!values.json) {
  console.log(`loading, ms, ${took.app.length} processes each   min   median      max`);
  console.log(tableRow('zapier-platform-core', took.core));
  console.log(tableRow('the whole app', took.app));
  console.log(`our share ${shareMs} ms, zip ${(zipBytes / 1e6).toFixed(2)} MB\n`);
}
console.log(JSON.stringify({ shareMs, zipBytes }));
