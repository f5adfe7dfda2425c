import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { currentCommit, keepFailingSeed, readFailingSeeds } from './failing-seeds.ts';
import { featureNamed } from './features.ts';
import { runSeeds } from './pool.ts';
import { describeWorld, explainSeed, openStores, type StoreName, storeNames } from './run-seed.ts';
import type { Outcome } from './world.ts';

const help = `Runs simulated worlds, each from one seed, and audits the guarantees after every turn.

  npm run sim -- [options]

  --seeds N        how many seeds (default 200)
  --from S         the first of them (default 1)
  --before S,S...  seeds to run before all others
  --seed X         this one only, with every event (the last ones only, with --last)
  --last           with --seed: only the last events
  --with F,F...    worlds with these faults and ways of being in any case (test/sim/swarm.ts, shape.ts)
  --store NAME     model (default) or embedded
  --workers N      threads (default: as many as there are processors)
  --first          end at the first violation
  --no-keep        neither run nor write test/sim/failing-seeds.json
  --json           nothing on stderr but errors
  --help           this text

Progress goes to stderr; the last line on stdout is one of JSON. The exit status is 1 when a guarantee was violated.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    before: { type: 'string', default: '' },
    seed: { type: 'string' },
    last: { type: 'boolean', default: false },
    with: { type: 'string', default: '' },
    store: { type: 'string', default: 'model' },
    workers: { type: 'string', default: String(availableParallelism()) },
    first: { type: 'boolean', default: false },
    'no-keep': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const wholeNumber = (name: string, text: string): number => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new RangeError(`Cannot take --${name} "${text}": it must be a whole number of at least 0`);
};

const storeOf = (text: string): StoreName => {
  const found = storeNames.find((name) => name === text);
  if (found !== undefined) return found;
  throw new RangeError(`Cannot use store "${text}": there are ${storeNames.join(' and ')}`);
};

const namesIn = (text: string): string[] => text.split(',').filter((one) => one !== '');

const features = namesIn(values.with).map(featureNamed);

const explain = async (store: StoreName, seed: number, all: boolean): Promise<string> => {
  const stores = await openStores(store);
  try {
    return await explainSeed(stores, { seed, features, all });
  } finally {
    await stores.close();
  }
};

const runOne = async (store: StoreName, seed: number): Promise<boolean> => {
  if (!values.json) process.stderr.write(`${describeWorld(seed, features)}\n`);
  const outcomes: Outcome[] = [];
  await runSeeds({ seeds: [seed], store, features, onOutcome: (outcome) => outcomes.push(outcome) > 0 }, 1);
  process.stdout.write(`${await explain(store, seed, !values.last)}\n`);
  return outcomes.some(({ violation }) => violation !== null);
};

/** A seed is kept as it is: of a world that was made to be so, it would be another. */
const isKept = !values['no-keep'] && features.length === 0;

/** What a person needs to go on: the world, how it ended, and the command that lives through it again. */
const report = async (store: StoreName, failed: readonly Outcome[]): Promise<void> => {
  for (const { seed, violation } of failed.toSorted((a, b) => a.seed - b.seed).slice(0, 5)) {
    process.stdout.write(`\n${await explain(store, seed, false)}\n`);
    process.stdout.write(
      `commit ${currentCommit()}\nreplay npm run sim -- --seed ${seed} --store ${store}${features.length === 0 ? '' : ` --with ${features.join()}`}\n`,
    );
    if (violation !== null && isKept) keepFailingSeed(seed, violation);
  }
  for (const { seed, violation } of failed.slice(5)) {
    if (violation !== null && isKept) keepFailingSeed(seed, violation);
    process.stdout.write(`seed ${seed}: ${violation?.guarantee ?? ''} ${violation?.what ?? ''}\n`);
  }
};

const runAll = async (store: StoreName): Promise<boolean> => {
  const from = wholeNumber('from', values.from);
  const count = wholeNumber('seeds', values.seeds);
  const kept = values['no-keep'] ? [] : readFailingSeeds();
  const first = namesIn(values.before).map((text) => wholeNumber('before', text));
  const seeds = [...new Set([...first, ...kept, ...Array.from({ length: count }, (_, index) => from + index)])];
  const failed: Outcome[] = [];
  let done = 0;
  let turns = 0;
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1000;
  const onOutcome = (outcome: Outcome): boolean => {
    done += 1;
    turns += outcome.turns;
    if (outcome.violation !== null) failed.push(outcome);
    if (!values.json && (done % 100 === 0 || outcome.violation !== null)) {
      process.stderr.write(
        `${done} of ${seeds.length} seeds, ${turns} turns, ${failed.length} violations, ${seconds().toFixed(0)} s\n`,
      );
    }
    return !(values.first && failed.length > 0);
  };
  await runSeeds({ seeds, store, features, onOutcome }, wholeNumber('workers', values.workers));
  const turnsPerS = Math.round(turns / seconds());
  await report(store, failed);
  process.stdout.write(`${JSON.stringify({ seeds: done, turns, violations: failed.length, turnsPerS })}\n`);
  return failed.length > 0;
};

if (values.help) process.stdout.write(`${help}\n`);
else {
  const store = storeOf(values.store);
  const violated =
    values.seed === undefined ? await runAll(store) : await runOne(store, wholeNumber('seed', values.seed));
  process.exitCode = violated ? 1 : 0;
}
