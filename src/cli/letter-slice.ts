import { type Command, Option } from 'commander';
import type { Instant } from '../core/instant.ts';
import { letterStage, type LetterSlice } from '../core/protocol/dead-letter-routes.ts';
import { instant } from './option-parsers.ts';

/** Which dead letters a command is about. */
export type SliceOptions = {
  readonly stream?: string;
  readonly stage?: LetterSlice['stage'];
  readonly error?: string;
  readonly externalId?: string;
  readonly openedAfter?: Instant;
  readonly openedBefore?: Instant;
};

/** Adds the options that choose dead letters; all that are given must hold. */
export const withSlice = (command: Command): Command =>
  command
    .option('--stream <stream>', 'only of this stream')
    .addOption(new Option('--stage <stage>', 'only given up at this stage').choices(letterStage.options))
    .option('--error <class>', 'only of this class of error, such as http_422')
    .option('--external-id <id>', 'only of this record of the source')
    .option('--opened-after <time>', 'only filed at or after this time, such as 2026-11-21T09:00:00Z', instant)
    .option('--opened-before <time>', 'only filed before this time', instant);

export const sliceOf = (options: SliceOptions): LetterSlice => ({
  stream: options.stream,
  stage: options.stage,
  errorClass: options.error,
  externalId: options.externalId,
  openedAfter: options.openedAfter,
  openedBefore: options.openedBefore,
});
