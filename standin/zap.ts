import type { PollReport } from './poll-report.ts';
import type { RunView } from './run.ts';

export type TurnOnReport =
  | { readonly kind: 'on'; readonly keysStored: number }
  | { readonly kind: 'refused'; readonly message: string };

/** What every Zap can do, whatever triggers it. */
export type Zap = {
  readonly id: string;
  readonly name: string;
  readonly isOn: () => boolean;
  readonly turnOn: () => Promise<TurnOnReport>;
  /** Forgets the keys seen, or ends the subscription. Runs that were started go on. */
  readonly turnOff: () => Promise<void>;
  readonly runs: () => readonly RunView[];
  /** Replays every held run, one a second. Returns how many. */
  readonly replayHeld: () => number;
  /** Replays one errored, halted or held run from the step it stopped at. */
  readonly replay: (runId: string) => void;
};

export type PollingZap = Zap & {
  /** Polls once, now. Throws where the Zap is off. */
  readonly poll: () => Promise<PollReport>;
  /** Keys remembered. */
  readonly dedupeSize: () => number;
};

export type HookZap = Zap & {
  /** Where the app's side posts; a real loopback address while the Zap is on. Throws where it is off. */
  readonly hookUrl: () => string;
  /** Posts a payload there without the network. False where nobody listens. */
  readonly deliver: (payload: unknown) => boolean;
};

export type ScheduledZap = Zap & {
  /** Starts a run now, beside the schedule. Throws where the Zap is off. */
  readonly fire: () => void;
};
