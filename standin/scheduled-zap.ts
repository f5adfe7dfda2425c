import type { Platform } from './platform.ts';
import type { SavedStep } from './step.ts';
import type { ScheduledZap } from './zap.ts';
import { createZapRuns } from './zap-runs.ts';

export type ScheduledZapParts = {
  readonly name: string;
  readonly everyMs: number;
  readonly steps: readonly SavedStep[];
  readonly autoreplay: boolean;
};

/** A Zap on Schedule by Zapier: one run each time round, the first one interval after it is turned on. */
export const createScheduledZap = (platform: Platform, parts: ScheduledZapParts): ScheduledZap => {
  const { clock, emit, ticks } = platform;
  const id = platform.nextId('zap');
  let isOn = false;
  let era = 0;

  const switchOff = (reason: 'asked' | 'too_many_errors'): void => {
    if (!isOn) return;
    isOn = false;
    era += 1;
    emit({ kind: 'zap_turned_off', zapId: id, reason });
  };
  const runs = createZapRuns(platform, {
    zapId: id,
    steps: parts.steps,
    autoreplay: parts.autoreplay,
    onTooManyErrors: () => switchOff('too_many_errors'),
  });
  const fire = (): void => {
    if (!isOn) throw new Error(`Cannot fire Zap "${parts.name}": it is off`);
    runs.start(scheduleItem(clock.now()));
  };
  const planTick = (): void => {
    const plannedIn = era;
    const perform = (): Promise<void> => {
      if (era === plannedIn) {
        planTick();
        fire();
      }
      return Promise.resolve();
    };
    ticks.push({ dueAtMs: clock.now() + parts.everyMs, perform });
  };
  return {
    id,
    name: parts.name,
    isOn: () => isOn,
    turnOn: () => {
      if (isOn) throw new Error(`Cannot turn on Zap "${parts.name}": it is on`);
      isOn = true;
      era += 1;
      planTick();
      emit({ kind: 'zap_turned_on', zapId: id, keysStored: 0 });
      return Promise.resolve({ kind: 'on', keysStored: 0 });
    },
    turnOff: () => Promise.resolve(switchOff('asked')),
    fire,
    runs: runs.view,
    replayHeld: runs.replayHeld,
    replay: runs.replay,
  };
};

/** What Schedule by Zapier puts out, as far as a Zap can sensibly map it. */
const scheduleItem = (nowMs: number): Readonly<Record<string, unknown>> => {
  const at = new Date(nowMs).toISOString();
  return { id: at, at, date: at.slice(0, 10), hour: Number(at.slice(11, 13)), minute: Number(at.slice(14, 16)) };
};
