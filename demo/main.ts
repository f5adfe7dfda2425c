import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuiltApp } from '../scripts/built-app.ts';
import { demoHelp, type DemoOptions, parseDemoOptions } from './demo-options.ts';
import { createProgress } from './progress.ts';
import { reportLine, reportTable } from './report.ts';
import { type DemoResult, runDemo } from './run-demo.ts';
import { startStore, type StoreProcess } from './store-process.ts';
import { demoFaults, type DemoSystems, startSystems } from './systems.ts';
import { createTemporaryDatabase } from './temporary-database.ts';
import { writeContracts } from './write-contracts.ts';
import { buildZaps } from './zaps.ts';

type Cleanup = () => Promise<unknown>;

/** Waits for both also when one fails, so that the other is there to be cleaned up. */
const bothOrNeither = async <A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> => {
  await Promise.allSettled([one, other]);
  return [await one, await other];
};

/** Starts everything, runs the story, and stops everything in reverse order, whatever happened. */
const stage = async (options: DemoOptions, cleanups: Cleanup[]): Promise<DemoResult> => {
  const { records, seed, containers, changes, runs } = options;
  const progress = createProgress(options.json);
  progress.say(
    'Tidemark demo: an OData ERP, a REST CRM, a proxy that makes faults, the store and the built Zapier app',
  );
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-demo-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const appDir = await ensureBuiltApp();
  const startBoth = async (): Promise<DemoSystems> => {
    const systems = await startSystems({ records, seed, faults: demoFaults });
    cleanups.push(systems.stop);
    await writeContracts(folder, { erpUrl: systems.erpProxy.url, crmUrl: systems.crmProxy.url });
    return systems;
  };
  const startOwn = async (): Promise<StoreProcess> => {
    const database = options.postgres === undefined ? null : await createTemporaryDatabase(options.postgres);
    if (database !== null) cleanups.push(database.drop);
    const store = await startStore({ folder, databaseUrl: database?.url ?? null });
    cleanups.push(store.stop);
    return store;
  };
  const [systems, store] = await bothOrNeither(startBoth(), startOwn());
  await store.applyContracts(folder);
  const zaps = await buildZaps({
    appDir,
    storeUrl: store.url(),
    apiKey: store.syncKey,
    environment: systems.tokens,
    containers,
    runs,
    seed,
  });
  cleanups.push(zaps.zapier.close);
  return runDemo({ systems, store, zaps, progress, records, changes, seed });
};

const run = async (options: DemoOptions): Promise<number> => {
  const cleanups: Cleanup[] = [];
  const clean = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  };
  // Children end with this process; what is left to do is the folder and the database.
  process.once('SIGINT', () => void clean().finally(() => process.exit(130)));
  const begun = performance.now();
  try {
    const result = await stage(options, cleanups);
    const seconds = (performance.now() - begun) / 1000;
    if (!options.json) process.stdout.write(`${reportTable(result, seconds)}\n`);
    process.stdout.write(`${reportLine(result, seconds)}\n`);
    const { lost, duplicates } = result.audit;
    return lost === 0 && duplicates === 0 && result.after.verdict === 'matched' ? 0 : 1;
  } finally {
    await clean();
  }
};

const parsed = parseDemoOptions(process.argv.slice(2), process.env['DATABASE_URL']);
switch (parsed.kind) {
  case 'help':
    process.stdout.write(demoHelp);
    break;
  case 'wrong':
    process.stderr.write(`${parsed.message}\n\n${demoHelp}`);
    process.exitCode = 2;
    break;
  case 'run':
    process.exitCode = await run(parsed.options).catch((error: unknown) => {
      process.stderr.write(`The demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    });
}
