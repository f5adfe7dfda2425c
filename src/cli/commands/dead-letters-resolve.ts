import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { CliFailure } from '../cli-failure.ts';
import { uuid } from '../option-parsers.ts';
import { json } from '../output.ts';
import { openClient } from '../store-client.ts';
import { waiverOf, type WaiverOptions, withWaiver } from '../waiver.ts';
import { ofStore, type StoreOptions } from './of-store.ts';

type ResolveOptions = StoreOptions &
  WaiverOptions & { readonly reason: string; readonly waive?: boolean; readonly go?: boolean };

const resolve = async (id: string, options: ResolveOptions, { env, output }: CliContext): Promise<void> => {
  const waive = options.waive === true;
  if (!waive && (options.person !== undefined || options.ticket !== undefined)) {
    throw new CliFailure('--person and --ticket are for a waiver: add --waive, or leave them out', 2);
  }
  const waiver = waive ? waiverOf(options) : null;
  const client = openClient(options.url, env);
  const { reason } = options;
  const isDryRun = options.go !== true;
  const one = isDryRun
    ? await client.getDeadLetter({ deadLetter: id }, {})
    : await client.resolveDeadLetter({ deadLetter: id }, { reason, waive, waiver });
  if (options.json === true) {
    output.data(json({ isDryRun, deadLetter: one }));
    return;
  }
  const what = `dead letter ${one.id} (${one.externalId}, ${one.errorClass})`;
  if (!isDryRun) output.data(`${what} is closed: ${one.closedAs ?? '-'}`);
  else if (one.closedAs !== null) output.data(`${what} was closed before: ${one.closedAs}`);
  else {
    output.data(`${what} would be closed: ${waive ? 'waived' : 'resolved'}`);
    output.note('Nothing was done. Its payload is dropped when it is closed; to do it, add --go');
  }
};

/** `tidemark dead-letters resolve`. */
export const addResolveCommand = (deadLetters: Command, context: CliContext): void => {
  withWaiver(ofStore(deadLetters.command('resolve')))
    .description('Close a dead letter with a reason; without --go it only says what would be done')
    .argument('<dead-letter>', 'its ID, as "dead-letters list" shows it', uuid)
    .requiredOption('--reason <reason>', 'why it needs nothing more; no value of the record')
    .option('--waive', 'leave the record as it is for good, in the name of a person')
    .option('--go', 'do it; the key in TIDEMARK_KEY needs the role operator or admin')
    .action((id: string, options: ResolveOptions) => resolve(id, options, context));
};
