import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { wholeNumber } from '../option-parsers.ts';
import { json, table } from '../output.ts';
import { openClient } from '../store-client.ts';
import { ofStore, type StoreOptions } from './of-store.ts';

const VERSION_MAX = 999_999_999;
const CHECKPOINTS_MAX = 500;
const CHECKPOINTS_SHOWN = 50;

const showStream = async (
  sync: string,
  stream: string,
  options: StoreOptions,
  { env, output }: CliContext,
): Promise<void> => {
  const status = await openClient(options.url, env).getStream({ sync, stream }, {});
  if (options.json === true) {
    output.data(json(status));
    return;
  }
  const { checkpoint, counts } = status;
  const at = (cursor: typeof checkpoint.committed): string | null =>
    cursor === null ? null : `${cursor.updatedAt} ${cursor.id}`;
  const rows: [string, string | number | null][] = [
    ['polled by Zap', status.owner?.zapId ?? null],
    ['polled at', status.owner?.polledAt ?? null],
    ['checkpoint version', checkpoint.version],
    ['starts at', checkpoint.startAt ?? 'the beginning'],
    ['fetched', at(checkpoint.fetched.cursor)],
    ['committed', at(checkpoint.committed)],
    ...Object.entries(counts),
  ];
  output.data(table([`${status.sync} ${status.stream}`, ''], rows));
};

type CheckpointOptions = StoreOptions & { readonly before?: number; readonly limit: number };

const listCheckpoints = async (
  sync: string,
  stream: string,
  options: CheckpointOptions,
  { env, output }: CliContext,
): Promise<void> => {
  const { before, limit } = options;
  const request = before === undefined ? { limit } : { before, limit };
  const reply = await openClient(options.url, env).listCheckpoints({ sync, stream }, request);
  if (options.json === true) {
    output.data(json(reply));
    return;
  }
  const rows = reply.checkpoints.map((one) => [
    one.version,
    one.at,
    one.mark === null ? null : `${one.mark.updatedAt} ${one.mark.id}`,
    one.rows,
    one.cycleId,
    one.contractVersion,
  ]);
  output.data(table(['VERSION', 'AT', 'READ UP TO', 'ROWS', 'CYCLE', 'CONTRACT'], rows));
  if (reply.nextBefore !== null) output.note(`There are older ones: --before ${reply.nextBefore}`);
};

/** `tidemark stream show` and `tidemark stream checkpoints`: what a running store knows of a stream. */
export const addStreamCommands = (program: Command, context: CliContext): void => {
  const stream = program.command('stream').description('Streams of a running store');
  ofStore(stream.command('show'))
    .description('Show the checkpoint of a stream and the counts of its obligations')
    .argument('<sync>')
    .argument('<stream>')
    .action((sync: string, name: string, options: StoreOptions) => showStream(sync, name, options, context));
  ofStore(stream.command('checkpoints'))
    .description('List the checkpoints of a stream as its pages left them, the newest first')
    .argument('<sync>')
    .argument('<stream>')
    .option('--before <version>', 'only those before this one', wholeNumber(1, VERSION_MAX))
    .option('--limit <count>', 'at most so many', wholeNumber(1, CHECKPOINTS_MAX), CHECKPOINTS_SHOWN)
    .action((sync: string, name: string, options: CheckpointOptions) => listCheckpoints(sync, name, options, context));
};
