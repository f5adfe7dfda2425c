import type { Command } from 'commander';
import { isUnknown, recordEvents } from '../../core/protocol/record-events.ts';
import type { CliContext } from '../cli-context.ts';
import { json, table } from '../output.ts';
import { openClient } from '../store-client.ts';

type Options = { readonly url?: string; readonly json?: boolean };

const show = async (
  named: { readonly sync: string; readonly externalId: string },
  options: Options,
  { env, output, finish }: CliContext,
): Promise<void> => {
  const { sync, externalId } = named;
  const history = await openClient(options.url, env).getRecord({ sync }, { externalId });
  if (options.json === true) output.data(json(history));
  if (isUnknown(history)) {
    output.note(
      `Nothing is known of record "${externalId}" of sync "${sync}". Check the ID, which is that of the source`,
    );
    finish(1);
    return;
  }
  if (options.json === true) return;
  const { target } = history;
  const rows = recordEvents(history).map(({ at, event, detail, id }) => [at, event, detail, id]);
  output.data(table(['AT', 'EVENT', 'DETAIL', 'ID'], rows));
  const drifted = target?.drifted === true ? ', drifted' : '';
  output.note(
    `On the target: ${target?.targetId ?? 'no known ID'}, version ${target?.appliedAt ?? 'none'}${drifted}${history.isCut ? '. Older rows are left out' : ''}`,
  );
};

/** `tidemark records show`: what happened to record X? */
export const addRecordCommands = (program: Command, context: CliContext): void => {
  const records = program.command('records').description('Single records, as a running store knows them');
  records
    .command('show')
    .description('Show all that happened to one record, in order')
    .argument('<sync>')
    .argument('<external-id>', 'the ID of the record in its source')
    .option('--url <url>', 'the running store (default: TIDEMARK_URL); the key is read from TIDEMARK_KEY')
    .option('--json', 'print JSON')
    .action((sync: string, externalId: string, options: Options) => show({ sync, externalId }, options, context));
};
