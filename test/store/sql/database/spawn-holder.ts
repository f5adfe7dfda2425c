import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

export type Holder = {
  readonly pid: number;
  /** Resolves with the next line, or with undefined after the last. */
  readonly nextLine: () => Promise<string | undefined>;
  /** Kills it with SIGKILL and returns the lines said but not yet read. */
  readonly kill9: () => Promise<readonly string[]>;
};

/** Starts embedded-holder.ts as a process of its own. */
export const spawnHolder = (folder: string, firstNumber = 1): Holder => {
  const program = path.resolve('test/store/sql/database/embedded-holder.ts');
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, folder, String(firstNumber)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string | undefined> => {
    const { value, done } = await lines.next();
    return done === true ? undefined : value;
  };
  const kill9 = async (): Promise<readonly string[]> => {
    child.kill('SIGKILL');
    await exited;
    const rest: string[] = [];
    for (let line = await nextLine(); line !== undefined; line = await nextLine()) rest.push(line);
    return rest;
  };
  return { pid: child.pid ?? 0, nextLine, kill9 };
};
