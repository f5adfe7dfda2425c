import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import type { CheckpointName } from '../../core/protocol/dry-run-routes.ts';
import { dryRun, type DryRunPorts, type DryRunReport } from '../../engine/dry-run.ts';
import { createTokenCache } from '../../systems/http/token/token-cache.ts';
import { createEntityDriver } from '../../systems/registry.ts';
import type { CliContext } from '../cli-context.ts';
import { CliFailure } from '../cli-failure.ts';
import type { CliEnvironment } from '../env.ts';
import { wholeNumber } from '../option-parsers.ts';
import { json, type Output, table } from '../output.ts';
import { openClient } from '../store-client.ts';
import { ofStore, type StoreOptions } from './of-store.ts';

type Options = StoreOptions & {
  readonly from: CheckpointName;
  readonly to: CheckpointName;
  readonly dryRun?: boolean;
  readonly contract?: string;
  readonly limit: number;
};

export const LIMIT_DEFAULT = 10_000;
const LIMIT_MAX = 1_000_000;
/** For one page: its read, the look-ups on the target and what is tried again. */
const PAGE_MS = 120_000;

const NO_REPLAY = `Only a dry run is possible: add --dry-run. To write again, use what there is for that:
  records that were given up on           tidemark dead-letters replay
  records missing or changed on a target  the Zapier search Reconcile Records, with repair
  a stretch of the source                 a backfill, which is not there yet`;

/** A checkpoint by the names that `tidemark stream checkpoints` shows. */
const checkpoint = (text: string): CheckpointName => {
  if (text === 'start') return { kind: 'start' };
  if (/^\d{1,9}$/.test(text)) return { kind: 'version', version: Number(text) };
  const cycle = z.uuid().safeParse(text);
  if (cycle.success) return { kind: 'cycle', cycleId: cycle.data };
  throw new InvalidArgumentError(
    'Give a version, the ID of a cycle, or start; "tidemark stream checkpoints" lists them.',
  );
};

const portsOf = (url: string | undefined, env: CliEnvironment, output: Output): DryRunPorts => {
  let isStopped = false;
  const tokens = createTokenCache();
  // Once: a second one ends the process, which has nothing to lose.
  process.once('SIGINT', () => {
    isStopped = true;
    output.note('Stopping after this page; press Ctrl-C again to end at once');
  });
  return {
    store: openClient(url, env),
    driver: (system, entity, externalIdField) =>
      createEntityDriver({
        system,
        entity,
        externalIdField,
        secret: env.secret,
        secretHosts: env.secretHosts,
        fetch,
        now: Date.now,
        tokens,
        lookup: async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address),
      }),
    runtime: () => ({
      now: Date.now,
      sleep: (ms) => sleep(ms),
      random: Math.random,
      newId: randomUUID,
      deadlineMs: Date.now() + PAGE_MS,
    }),
    isStopped: () => isStopped,
    onPage: ({ pages, records }) => output.note(`Page ${pages}: ${records} records so far`),
  };
};

const totalsOf = ({ records }: DryRunReport): Readonly<Record<string, number>> => {
  const totals = { create: 0, update: 0, unchanged: 0, stale: 0, held: 0, refused: 0, waits: 0 };
  for (const { action } of records) totals[action] += 1;
  return totals;
};

const tell = (report: DryRunReport, output: Output): void => {
  const { records, from, to, contractVersion, evidenceId } = report;
  const rows = records.map((one) => [
    one.action,
    one.externalId,
    one.updatedAt,
    [one.fields.join(', '), one.kept.length > 0 ? `left to the target: ${one.kept.join(', ')}` : '', one.reason ?? '']
      .filter((text) => text !== '')
      .join('; ') || null,
    one.known,
  ]);
  output.data(table(['WOULD BE', 'EXTERNAL ID', 'UPDATED', 'FIELDS OR REASON', 'SO FAR'], rows));
  const totals = Object.entries(totalsOf(report)).map(([action, count]) => `${count} ${action}`);
  output.note(
    `From checkpoint ${from.version} to ${to.version} under contract ${contractVersion}: ${totals.join(', ')}`,
  );
  output.note(`Nothing was written. Evidence ${evidenceId}`);
};

const replay = async (sync: string, stream: string, options: Options, context: CliContext): Promise<void> => {
  if (options.dryRun !== true) throw new CliFailure(NO_REPLAY, 2);
  const { env, output } = context;
  const { from, to, contract = null, limit } = options;
  const request = { requestId: randomUUID(), sync, stream, from, to, contract, limit };
  const report = await dryRun(portsOf(options.url, env, output), request);
  if (options.json === true) output.data(json({ ...report, totals: totalsOf(report) }));
  else tell(report, output);
  if (report.end.kind === 'complete') return;
  output.note(`Not all was looked at. ${report.end.reason}`);
  context.finish(1);
};

/** `tidemark replay`: what reading again from one checkpoint to another would write. */
export const addReplayRangeCommand = (program: Command, context: CliContext): void => {
  ofStore(program.command('replay'))
    .description('Read a stream again from one checkpoint to another and list what would be written; it writes nothing')
    .argument('<sync>')
    .argument('<stream>')
    .requiredOption(
      '--from <checkpoint>',
      'version, cycle ID or "start"; see "tidemark stream checkpoints"',
      checkpoint,
    )
    .requiredOption('--to <checkpoint>', 'the same, of a later one', checkpoint)
    .option('--dry-run', 'say what would be done; the key in TIDEMARK_KEY needs the role operator or admin')
    .option('--contract <version>', 'by this version of the contract, with the systems of now (default: that of now)')
    .option('--limit <records>', 'look at no more', wholeNumber(1, LIMIT_MAX), LIMIT_DEFAULT)
    .addHelpText(
      'after',
      '\nSource and target are read from here: their secrets are taken from the environment, by the names in the contracts.',
    )
    .action((sync: string, stream: string, options: Options) => replay(sync, stream, options, context));
};
