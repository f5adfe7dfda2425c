import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { wholeNumber } from '../option-parsers.ts';
import { json, table } from '../output.ts';
import { openClient } from '../store-client.ts';
import { ofStore, type StoreOptions } from './of-store.ts';

type EvidenceOptions = StoreOptions & { readonly after: number; readonly limit: number };

const EVIDENCE_MAX = 1000;
const SEQUENCE_MAX = 999_999_999;
const SHOWN_BY_DEFAULT = 100;
const HASH_SHOWN = 16;

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

const listEvidence = async (options: EvidenceOptions, { env, output }: CliContext): Promise<void> => {
  const { after, limit } = options;
  const reply = await openClient(options.url, env).listEvidence({}, { after, limit });
  if (options.json === true) {
    output.data(json(reply));
    return;
  }
  const rows = reply.entries.map((entry) => [entry.sequence, entry.at, entry.kind, entry.hash.slice(0, HASH_SHOWN)]);
  output.data(table(['SEQUENCE', 'AT', 'KIND', 'HASH'], rows));
  output.note(`Head of the chain: ${reply.headSequence} ${reply.headHash}`);
};

/** `tidemark stream show` and `tidemark evidence list`: what a running store knows. */
export const addLookCommands = (program: Command, context: CliContext): void => {
  const stream = program.command('stream').description('Streams of a running store');
  ofStore(stream.command('show'))
    .description('Show the checkpoint of a stream and the counts of its obligations')
    .argument('<sync>')
    .argument('<stream>')
    .action((sync: string, name: string, options: StoreOptions) => showStream(sync, name, options, context));
  const evidence = program.command('evidence').description('The evidence chain of a running store');
  ofStore(evidence.command('list'))
    .description('List entries in order')
    .option('--after <sequence>', 'begin after this entry', wholeNumber(0, SEQUENCE_MAX), 0)
    .option('--limit <count>', 'at most so many', wholeNumber(1, EVIDENCE_MAX), SHOWN_BY_DEFAULT)
    .action((options: EvidenceOptions) => listEvidence(options, context));
};
