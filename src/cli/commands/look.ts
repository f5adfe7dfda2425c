import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { wholeNumber } from '../option-parsers.ts';
import { json, table } from '../output.ts';
import { openClient } from '../store-client.ts';

type LookOptions = { readonly url?: string; readonly json?: boolean };
type EvidenceOptions = LookOptions & { readonly after: number; readonly limit: number };
type DeadLetterOptions = LookOptions & { readonly limit: number };

const EVIDENCE_MAX = 1000;
const DEAD_LETTERS_MAX = 500;
const SEQUENCE_MAX = 999_999_999;
const SHOWN_BY_DEFAULT = 100;
const HASH_SHOWN = 16;

const ofStore = (command: Command): Command =>
  command
    .option('--url <url>', 'the running store (default: TIDEMARK_URL); the key is read from TIDEMARK_KEY')
    .option('--json', 'print JSON');

const showStream = async (
  sync: string,
  stream: string,
  options: LookOptions,
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

const listDeadLetters = async (
  sync: string,
  options: DeadLetterOptions,
  { env, output }: CliContext,
): Promise<void> => {
  const reply = await openClient(options.url, env).listDeadLetters({}, { sync, limit: options.limit });
  if (options.json === true) {
    output.data(json(reply));
    return;
  }
  const rows = reply.deadLetters.map((one) => [
    one.id,
    one.stream,
    one.externalId,
    one.stage,
    one.errorClass,
    one.attempts,
    one.owner,
    one.openedAt,
    one.reason,
  ]);
  output.data(
    table(['DEAD LETTER', 'STREAM', 'EXTERNAL ID', 'STAGE', 'ERROR', 'ATTEMPTS', 'OWNER', 'OPENED', 'REASON'], rows),
  );
  output.note(`${reply.deadLetters.length} of ${reply.total} open`);
};

/** `tidemark stream show`, `tidemark evidence list` and `tidemark dead-letters list`: what a running store knows. */
export const addLookCommands = (program: Command, context: CliContext): void => {
  const stream = program.command('stream').description('Streams of a running store');
  ofStore(stream.command('show'))
    .description('Show the checkpoint of a stream and the counts of its obligations')
    .argument('<sync>')
    .argument('<stream>')
    .action((sync: string, name: string, options: LookOptions) => showStream(sync, name, options, context));
  const evidence = program.command('evidence').description('The evidence chain of a running store');
  ofStore(evidence.command('list'))
    .description('List entries in order')
    .option('--after <sequence>', 'begin after this entry', wholeNumber(0, SEQUENCE_MAX), 0)
    .option('--limit <count>', 'at most so many', wholeNumber(1, EVIDENCE_MAX), SHOWN_BY_DEFAULT)
    .action((options: EvidenceOptions) => listEvidence(options, context));
  const deadLetters = program.command('dead-letters').description('Records that were given up on');
  ofStore(deadLetters.command('list'))
    .description('List the open dead letters of a sync, oldest first')
    .argument('<sync>')
    .option('--limit <count>', 'at most so many', wholeNumber(1, DEAD_LETTERS_MAX), SHOWN_BY_DEFAULT)
    .action((sync: string, options: DeadLetterOptions) => listDeadLetters(sync, options, context));
};
