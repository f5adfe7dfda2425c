import type { Command } from 'commander';
import { Option } from 'commander';
import type { z } from 'zod';
import { type DeadLetter, type getDeadLetter, letterState } from '../../core/protocol/dead-letter-routes.ts';
import type { CliContext } from '../cli-context.ts';
import { sliceOf, type SliceOptions, withSlice } from '../letter-slice.ts';
import { uuid, wholeNumber } from '../option-parsers.ts';
import { json, table } from '../output.ts';
import { openClient } from '../store-client.ts';
import { addReplayCommand } from './dead-letters-replay.ts';
import { addResolveCommand } from './dead-letters-resolve.ts';
import { ofStore, type StoreOptions } from './of-store.ts';

type ListOptions = StoreOptions &
  SliceOptions & {
    readonly state: z.infer<typeof letterState>;
    readonly limit: number;
    readonly after: number;
  };
type Shown = z.output<typeof getDeadLetter.reply>;

const LIST_MAX = 500;
const SHOWN_BY_DEFAULT = 100;
const NUMBER_MAX = 999_999_999;

const headings = ['DEAD LETTER', 'STREAM', 'EXTERNAL ID', 'STAGE', 'ERROR', 'ATTEMPTS', 'OWNER', 'OPENED', 'REASON'];

const cells = (one: DeadLetter) => [
  one.id,
  one.stream,
  one.externalId,
  one.stage,
  one.errorClass,
  one.attemptsTotal,
  one.owner,
  one.openedAt,
  one.closedAs === null ? one.reason : `[${one.closedAs}] ${one.reason}`,
];

const list = async (sync: string, options: ListOptions, { env, output }: CliContext): Promise<void> => {
  const { state, limit, after } = options;
  const reply = await openClient(options.url, env).listDeadLetters(
    {},
    { sync, ...sliceOf(options), state, limit, after },
  );
  if (options.json === true) {
    output.data(json(reply));
    return;
  }
  output.data(table(headings, reply.deadLetters.map(cells)));
  const more = reply.nextAfter === null ? '' : `; the next page begins with --after ${reply.nextAfter}`;
  output.note(`${reply.deadLetters.length} of ${reply.total} ${state === 'any' ? 'in all' : state}${more}`);
};

const closing = (one: DeadLetter): string | null => {
  if (one.closedAs === null) return null;
  const waiver = one.waivedBy === null ? '' : `, waived by ${one.waivedBy} (${one.ticket ?? '-'})`;
  return `${one.closedAs} ${one.closedAt ?? ''}, by ${one.closedBy ?? '-'}${waiver}: ${one.closedReason ?? '-'}`;
};

const replayText = ({ replay }: Shown): string =>
  replay.kind === 'possible' ? 'possible' : `${replay.obstacle}: ${replay.reason}`;

const show = async (id: string, options: StoreOptions, { env, output }: CliContext): Promise<void> => {
  const one = await openClient(options.url, env).getDeadLetter({ deadLetter: id }, {});
  if (options.json === true) {
    output.data(json(one));
    return;
  }
  const rows: [string, string | number | null][] = [
    ['sync', one.sync],
    ['stream', one.stream],
    ['external ID', one.externalId],
    ['updated', one.updatedAt],
    ['stage', one.stage],
    ['error', one.errorClass],
    ['reason', one.reason],
    ['attempts', `${one.attempts}, ${one.attemptsTotal} in all`],
    ['owner', one.owner],
    ['opened', one.openedAt],
    ['closed', closing(one)],
    ['contract', one.contractVersion],
    ['contract now', one.contractVersionNow],
    ['replay now', replayText(one)],
    ['trace ID', one.traceId],
  ];
  output.data(table([`dead letter ${one.id}`, ''], rows));
  if (one.context.length > 0) {
    output.data('');
    output.data(
      table(
        ['FIELD', 'PSEUDONYM'],
        one.context.map(({ field, pseudonym }) => [field, pseudonym]),
      ),
    );
  }
  if (one.history.length > 0) {
    output.data('');
    output.data(table(headings, one.history.map(cells)));
  }
};

/** `tidemark dead-letters list|show|replay|resolve`. */
export const addDeadLetterCommands = (program: Command, context: CliContext): void => {
  const deadLetters = program.command('dead-letters').description('Records that were given up on');
  withSlice(ofStore(deadLetters.command('list')))
    .description('List the dead letters of a sync in the order in which they were filed')
    .argument('<sync>')
    .addOption(new Option('--state <state>', 'open or closed ones').choices(letterState.options).default('open'))
    .option('--limit <count>', 'at most so many', wholeNumber(1, LIST_MAX), SHOWN_BY_DEFAULT)
    .option('--after <number>', 'go on after the page before', wholeNumber(0, NUMBER_MAX), 0)
    .action((sync: string, options: ListOptions) => list(sync, options, context));
  ofStore(deadLetters.command('show'))
    .description('Show a dead letter: why, under which contract, its history, and whether a replay would take it now')
    .argument('<dead-letter>', 'its ID, as "dead-letters list" shows it', uuid)
    .action((id: string, options: StoreOptions) => show(id, options, context));
  addReplayCommand(deadLetters, context);
  addResolveCommand(deadLetters, context);
};
