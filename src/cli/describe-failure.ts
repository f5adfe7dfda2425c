import { StoreError } from '../core/protocol/store-error.ts';
import {
  DatabaseBusyError,
  DatabaseUnavailableError,
  FolderInUseError,
  SchemaRefusedError,
} from '../store/sql/database/database-error.ts';
import { CliFailure } from './cli-failure.ts';

/** What a failure is told as, and the exit code of the process. */
export type FailureReport = { readonly text: string; readonly exitCode: 1 | 2 };

const nextStep = (kind: StoreError['kind']): string => {
  switch (kind) {
    case 'unauthenticated':
      return 'Put a valid key into TIDEMARK_KEY';
    case 'forbidden':
      return 'Use a key with a role that may do this, in TIDEMARK_KEY';
    case 'not_found':
      return 'Check the name, and that the key is of the right environment';
    case 'internal':
      return 'Look up the error ID in the log of the store';
    case 'invalid_request':
    case 'conflict':
    case 'fenced':
    case 'too_large':
    case 'unavailable':
    case 'unreachable':
      return '';
  }
};

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Turns whatever ended a command into a message with a next step. A stack is shown only for a bug. */
export const describeFailure = (error: unknown): FailureReport => {
  if (error instanceof CliFailure) return { text: error.message, exitCode: error.exitCode };
  if (error instanceof StoreError) {
    return { text: [sentence(error.message), nextStep(error.kind)].join(' ').trim(), exitCode: 1 };
  }
  const known = [FolderInUseError, DatabaseUnavailableError, DatabaseBusyError, SchemaRefusedError];
  if (error instanceof Error && known.some((type) => error instanceof type)) {
    return { text: error.message, exitCode: 1 };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `Unexpected failure, which is a bug of Tidemark:\n${stack}`, exitCode: 1 };
};
