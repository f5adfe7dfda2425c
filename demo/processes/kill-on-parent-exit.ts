import type { ChildProcess } from 'node:child_process';

const children = new Set<ChildProcess>();
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Kills the child when this process exits or is told to by a signal. Returns what takes the child off the list.
 *
 * A signal's listener replaces Node's own ending of the process, so ours ends it by the same signal, unless
 * somebody else listens too: then that listener decides when to end, and `exit` does the killing.
 */
export const killOnParentExit = (child: ChildProcess): (() => void) => {
  if (children.size === 0) listen();
  children.add(child);
  return () => {
    if (children.delete(child) && children.size === 0) stopListening();
  };
};

const killAll = (): void => {
  for (const child of children) child.kill('SIGKILL');
};

const endBySignal = (signal: NodeJS.Signals): void => {
  if (process.listenerCount(signal) > 1) return;
  killAll();
  stopListening();
  process.kill(process.pid, signal);
};

const listen = (): void => {
  process.on('exit', killAll);
  for (const signal of ENDING_SIGNALS) process.on(signal, endBySignal);
};

const stopListening = (): void => {
  process.off('exit', killAll);
  for (const signal of ENDING_SIGNALS) process.off(signal, endBySignal);
};
