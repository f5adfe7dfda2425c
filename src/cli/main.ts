import { CommanderError } from 'commander';
import { describeFailure } from './describe-failure.ts';
import { readEnvironment } from './env.ts';
import { processOutput } from './output.ts';
import { createProgram } from './program.ts';

const USAGE = 2;

/**
 * Runs `tidemark` with the arguments after its name.
 *
 * @returns the exit code: 0 done, 1 failed, 2 called in a way that cannot be meant
 */
export const main = async (argv: readonly string[]): Promise<number> => {
  let exitCode = 0;
  const finish = (code: number): void => {
    exitCode = code;
  };
  try {
    const program = createProgram({ env: readEnvironment(), output: processOutput, finish });
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has told the person already; help and version end that way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    const report = describeFailure(error);
    processOutput.note(report.text);
    return report.exitCode;
  }
};
