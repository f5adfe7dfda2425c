import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import type { ReplayAnswer } from '../../core/protocol/dead-letter-routes.ts';
import type { StorePort } from '../../core/protocol/store-port.ts';
import type { CliContext } from '../cli-context.ts';
import { CliFailure } from '../cli-failure.ts';
import { sliceOf, type SliceOptions, withSlice } from '../letter-slice.ts';
import { uuid, wholeNumber } from '../option-parsers.ts';
import { json, table } from '../output.ts';
import { openClient } from '../store-client.ts';
import { ofStore, type StoreOptions } from './of-store.ts';

type ReplayOptions = StoreOptions &
  SliceOptions & { readonly perMinute: number; readonly plan?: string; readonly go?: boolean };

const PER_MINUTE_MAX = 6000;
const PER_MINUTE_DEFAULT = 60;

const planDigest = (text: string): string => {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('Give the 64 characters that the dry run showed.');
};

type Selection = Parameters<StorePort['replayDeadLetters']>[1]['selection'];

const selectionOf = (ids: readonly string[], options: ReplayOptions): Selection => {
  const slice = sliceOf(options);
  if (ids.length === 0) return { kind: 'slice', slice };
  if (Object.values(slice).some((value) => value !== undefined)) {
    throw new CliFailure('Give either IDs or options that choose dead letters, not both', 2);
  }
  return { kind: 'ids', ids: [...ids] };
};

const tell = (answer: ReplayAnswer, { output }: CliContext): void => {
  const { isDryRun, replayed, skipped, left } = answer;
  output.data(
    table(
      [isDryRun ? 'WOULD BE REPLAYED' : 'REPLAYED', 'EXTERNAL ID', 'UPDATED', 'NOT BEFORE'],
      replayed.map((one) => [one.id, one.externalId, one.updatedAt, one.notBeforeAt]),
    ),
  );
  if (skipped.length > 0) {
    output.data('');
    output.data(
      table(
        ['LEFT OUT', 'EXTERNAL ID', 'OBSTACLE', 'REASON'],
        skipped.map((one) => [one.id, one.externalId, one.obstacle, one.reason]),
      ),
    );
  }
  if (left > 0) output.note(`${left} more were not looked at: replay again when these are done`);
  output.note(
    isDryRun
      ? `Nothing was done. To do just this, add --go --plan ${answer.planDigest}`
      : `Replay ${answer.replayId ?? '-'}, evidence ${answer.evidenceId ?? '-'}: the next polls deliver them`,
  );
};

const replay = async (
  sync: string,
  ids: readonly string[],
  options: ReplayOptions,
  context: CliContext,
): Promise<void> => {
  const selection = selectionOf(ids, options);
  const answer = await openClient(options.url, context.env).replayDeadLetters(
    {},
    {
      requestId: randomUUID(),
      sync,
      selection,
      dryRun: options.go !== true,
      perMinute: options.perMinute,
      planDigest: options.plan ?? null,
    },
  );
  if (options.json === true) context.output.data(json(answer));
  else tell(answer, context);
};

const collect = (text: string, before: readonly string[]): readonly string[] => [...before, uuid(text)];

/** `tidemark dead-letters replay`. */
export const addReplayCommand = (deadLetters: Command, context: CliContext): void => {
  withSlice(ofStore(deadLetters.command('replay')))
    .description('Deliver dead letters again; without --go it only says which, in which order, and which not and why')
    .argument('<sync>')
    .argument('[dead-letter...]', 'their IDs; without any, all open ones that the options choose', collect, [])
    .option('--per-minute <count>', 'at most so many a minute', wholeNumber(1, PER_MINUTE_MAX), PER_MINUTE_DEFAULT)
    .option('--plan <digest>', 'do it only if the list is still that of this dry run', planDigest)
    .option('--go', 'do it; the key in TIDEMARK_KEY needs the role operator or admin, for a dry run too')
    .action((sync: string, ids: readonly string[], options: ReplayOptions) => replay(sync, ids, options, context));
};
