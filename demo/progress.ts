import { Presets, SingleBar } from 'cli-progress';

/** What the demo tells while it runs. */
export type Progress = {
  readonly say: (text: string) => void;
  readonly start: (total: number) => void;
  readonly update: (done: number, total: number) => void;
  readonly stop: () => void;
};

const silent: Progress = {
  say: () => undefined,
  start: () => undefined,
  update: () => undefined,
  stop: () => undefined,
};

const SHARE_PER_LINE = 0.1;

/** A bar on a terminal, a line for every tenth otherwise, nothing at all when `json` is asked for. All on stderr. */
export const createProgress = (json: boolean): Progress => {
  if (json) return silent;
  const begun = performance.now();
  const say = (text: string): void =>
    void process.stderr.write(`${String(Math.round((performance.now() - begun) / 1000)).padStart(4)} s  ${text}\n`);
  if (process.stderr.isTTY) {
    const format = '  {bar} {percentage}% | {value} of {total} records settled | {duration_formatted}';
    const bar = new SingleBar({ format, hideCursor: true, stream: process.stderr }, Presets.shades_classic);
    return {
      say,
      start: (total) => bar.start(total, 0),
      update: (done, total) => {
        bar.setTotal(total);
        bar.update(done);
      },
      stop: () => bar.stop(),
    };
  }
  let told = 0;
  return {
    say,
    start: () => {
      told = 0;
    },
    update: (done, total) => {
      if (total === 0 || done / total < told + SHARE_PER_LINE) return;
      told = done / total;
      say(`  ${done} of ${total} records settled`);
    },
    stop: () => undefined,
  };
};
