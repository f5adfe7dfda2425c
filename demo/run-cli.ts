import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { childEnvironment } from './processes/child-environment.ts';

const TIMEOUT_MS = 60_000;

const execute = promisify(execFile);

/**
 * Runs the `tidemark` command as its user does, and gives what it printed.
 *
 * @throws with its stderr when it exits with anything but 0
 */
export const runCli = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> => {
  const { stdout } = await execute(process.execPath, ['bin/tidemark.js', ...args], {
    env: { ...childEnvironment(), ...env },
    timeout: TIMEOUT_MS,
  });
  return stdout;
};
