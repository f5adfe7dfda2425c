import type { CliEnvironment } from './env.ts';
import type { Output } from './output.ts';

/** What every command is given. */
export type CliContext = {
  readonly env: CliEnvironment;
  readonly output: Output;
  /** Sets the exit code of a command that ran to its end and found something wrong. */
  readonly finish: (exitCode: 0 | 1) => void;
};
