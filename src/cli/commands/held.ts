import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { CliFailure } from '../cli-failure.ts';
import { wholeNumber } from '../option-parsers.ts';
import { json, table } from '../output.ts';
import { openClient } from '../store-client.ts';
import { waiverOf, type WaiverOptions, withWaiver } from '../waiver.ts';
import { ofStore, type StoreOptions } from './of-store.ts';

type ListOptions = StoreOptions & {
  readonly stream?: string;
  readonly externalId?: string;
  readonly limit: number;
  readonly after: number;
};
type WaiveOptions = StoreOptions & WaiverOptions & { readonly reason: string; readonly go?: boolean };

const LIST_MAX = 500;
const SHOWN_BY_DEFAULT = 100;
const NUMBER_MAX = 999_999_999;

const list = async (sync: string, options: ListOptions, { env, output }: CliContext): Promise<void> => {
  const { stream, externalId, limit, after } = options;
  const reply = await openClient(options.url, env).listHeld({}, { sync, stream, externalId, limit, after });
  if (options.json === true) {
    output.data(json(reply));
    return;
  }
  output.data(
    table(
      ['HELD', 'STREAM', 'EXTERNAL ID', 'UPDATED', 'READ', 'CHECKED AGAINST', 'REASON'],
      reply.held.map((one) => [
        one.id,
        one.stream,
        one.externalId,
        one.updatedAt,
        one.openedAt,
        one.checkedVersion === reply.contractVersion ? 'the contract of now' : one.checkedVersion,
        one.reason,
      ]),
    ),
  );
  const more = reply.nextAfter === null ? '' : `; the next page begins with --after ${reply.nextAfter}`;
  output.note(`${reply.held.length} of ${reply.total} held${more}`);
};

const waive = async (sync: string, id: number, options: WaiveOptions, { env, output }: CliContext): Promise<void> => {
  const waiver = waiverOf(options);
  const client = openClient(options.url, env);
  if (options.go === true) {
    const waived = await client.waiveHeld({ held: id }, { ...waiver, reason: options.reason });
    output.data(
      options.json === true ? json({ isDryRun: false, held: waived }) : `${id} (${waived.externalId}) is waived`,
    );
    return;
  }
  const { held } = await client.listHeld({}, { sync, after: id - 1, limit: 1 });
  const one = held.find((record) => record.id === id);
  if (one === undefined) {
    throw new CliFailure(
      `Cannot find held record ${id} of sync "${sync}". "tidemark held list ${sync}" shows those there are`,
    );
  }
  if (options.json === true) output.data(json({ isDryRun: true, held: one }));
  else {
    output.data(`${id} (${one.externalId}: ${one.reason}) would be waived in the name of ${waiver.person}`);
    output.note('Nothing was done. To do it, add --go');
  }
};

/** `tidemark held list|waive`. */
export const addHeldCommands = (program: Command, context: CliContext): void => {
  const held = program.command('held').description('Records that validation stopped before any write');
  ofStore(held.command('list'))
    .description(
      'List the held records of a sync; a newer version or a newer contract that lets them through frees them',
    )
    .argument('<sync>')
    .option('--stream <stream>', 'only of this stream')
    .option('--external-id <id>', 'only of this record of the source')
    .option('--limit <count>', 'at most so many', wholeNumber(1, LIST_MAX), SHOWN_BY_DEFAULT)
    .option('--after <number>', 'go on after the page before', wholeNumber(0, NUMBER_MAX), 0)
    .action((sync: string, options: ListOptions) => list(sync, options, context));
  withWaiver(ofStore(held.command('waive')))
    .description('Leave a held record as it is for good; without --go it only says which')
    .argument('<sync>')
    .argument('<held>', 'its number, as "held list" shows it', wholeNumber(1, NUMBER_MAX))
    .requiredOption('--reason <reason>', 'why; no value of the record')
    .option('--go', 'do it; the key in TIDEMARK_KEY needs the role operator or admin')
    .action((sync: string, id: number, options: WaiveOptions) => waive(sync, id, options, context));
};
