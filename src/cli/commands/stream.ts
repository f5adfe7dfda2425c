import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { json, table } from '../output.ts';
import { openClient } from '../store-client.ts';
import { ofStore, type StoreOptions } from './of-store.ts';

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

/** `tidemark stream show`: what a running store knows of a stream. */
export const addStreamCommands = (program: Command, context: CliContext): void => {
  const stream = program.command('stream').description('Streams of a running store');
  ofStore(stream.command('show'))
    .description('Show the checkpoint of a stream and the counts of its obligations')
    .argument('<sync>')
    .argument('<stream>')
    .action((sync: string, name: string, options: StoreOptions) => showStream(sync, name, options, context));
};
