import { askTrigger, type TriggerAnswer } from './ask-trigger.ts';
import { createDedupeTable, type DedupeTable } from './dedupe-table.ts';
import type { Platform } from './platform.ts';
import type { PollReport } from './poll-report.ts';
import type { PolledItem } from './polled-items.ts';
import type { SavedStep } from './step.ts';
import { testConnection } from './test-connection.ts';
import type { TriggerPart } from './trigger-part.ts';
import type { PollingZap, TurnOnReport } from './zap.ts';
import { createZapRuns, type ZapRuns } from './zap-runs.ts';

export type PollingZapParts = {
  readonly name: string;
  readonly trigger: TriggerPart;
  readonly steps: readonly SavedStep[];
  readonly pollIntervalMs: number;
  /** With this many new items in one poll, all their runs are held. */
  readonly floodLimit: number;
  readonly autoreplay: boolean;
};

/** A Zap on a polling trigger: the populate poll, then polls whose unseen items start runs. */
export const createPollingZap = (platform: Platform, parts: PollingZapParts): PollingZap => {
  const id = platform.nextId('zap');
  const seen = createDedupeTable(platform.limits.dedupeRowsMax);
  const runs = createZapRuns(platform, {
    zapId: id,
    steps: parts.steps,
    autoreplay: parts.autoreplay,
    onTooManyErrors: () => switchOff(machine, 'too_many_errors'),
  });
  const machine: Machine = { platform, parts, id, seen, runs, isOn: false, era: 0 };
  return {
    id,
    name: parts.name,
    isOn: () => machine.isOn,
    turnOn: () => turnOn(machine),
    turnOff: () => Promise.resolve(switchOff(machine, 'asked')),
    poll: () => pollNow(machine),
    dedupeSize: seen.size,
    runs: runs.view,
    replayHeld: runs.replayHeld,
    replay: runs.replay,
  };
};

type Machine = {
  readonly platform: Platform;
  readonly parts: PollingZapParts;
  readonly id: string;
  readonly seen: DedupeTable;
  readonly runs: ZapRuns;
  isOn: boolean;
  /** Counts switchings, so that a poll planned before the last one does nothing. */
  era: number;
};

const turnOn = async (machine: Machine): Promise<TurnOnReport> => {
  const { platform, parts, id, seen } = machine;
  if (machine.isOn) throw new Error(`Cannot turn on Zap "${parts.name}": it is on`);
  const test = await testConnection(platform, parts.trigger.connection);
  if (test.kind === 'failed') return { kind: 'refused', message: test.message };
  const answer = await askTrigger(platform, parts.trigger, { zapId: id, isPopulatingDedupe: true });
  if (answer.kind !== 'items') return { kind: 'refused', message: answer.message };
  // Remembered from the oldest on, so that the oldest is what the table's limit pushes out.
  for (const { key } of answer.items.toReversed()) seen.remember(key);
  machine.isOn = true;
  machine.era += 1;
  planTick(machine);
  platform.emit({ kind: 'zap_turned_on', zapId: id, keysStored: seen.size() });
  return { kind: 'on', keysStored: seen.size() };
};

const switchOff = (machine: Machine, reason: 'asked' | 'too_many_errors'): void => {
  if (!machine.isOn) return;
  machine.isOn = false;
  machine.era += 1;
  machine.seen.clear();
  machine.platform.emit({ kind: 'zap_turned_off', zapId: machine.id, reason });
};

const planTick = (machine: Machine): void => {
  const { platform, parts, era } = machine;
  platform.ticks.push({
    dueAtMs: platform.clock.now() + parts.pollIntervalMs,
    perform: async () => {
      if (machine.era !== era) return;
      planTick(machine);
      await pollNow(machine);
    },
  });
};

const pollNow = async (machine: Machine): Promise<PollReport> => {
  const { platform, parts, id, era } = machine;
  if (!machine.isOn) throw new Error(`Cannot poll Zap "${parts.name}": it is off`);
  const answer = await askTrigger(platform, parts.trigger, { zapId: id, isPopulatingDedupe: false });
  const report: PollReport =
    machine.era === era
      ? takeAnswer(machine, answer)
      : { kind: 'failed', message: 'The Zap was turned off during the poll' };
  platform.counters.add('polls');
  if (report.kind === 'failed') platform.counters.add('pollFailures');
  platform.emit({ kind: 'polled', zapId: id, report });
  return report;
};

const takeAnswer = (machine: Machine, answer: TriggerAnswer): PollReport => {
  switch (answer.kind) {
    case 'items':
      return takeItems(machine, answer.items);
    case 'failed':
      return answer;
    case 'throttled':
      return planRetry(machine, answer.delayMs, answer.message);
  }
};

/** Zapier executes a throttled poll again after its delay, beside the usual polls. */
const planRetry = (machine: Machine, delayMs: number, message: string): PollReport => {
  const { platform, era } = machine;
  const retryAtMs = platform.clock.now() + delayMs;
  platform.counters.add('throttles');
  platform.work.push({
    dueAtMs: retryAtMs,
    perform: async () => {
      if (machine.era === era) await pollNow(machine);
    },
  });
  return { kind: 'throttled', retryAtMs, message };
};

/** The answer is newest first; Zapier plays the oldest first, or holds all of a flood. */
const takeItems = ({ parts, runs, seen }: Machine, items: readonly PolledItem[]): PollReport => {
  const fresh = items.filter(({ key }) => seen.remember(key)).toReversed();
  const counts = { kind: 'polled', returned: items.length, fresh: fresh.length } as const;
  if (fresh.length >= parts.floodLimit) {
    for (const { item } of fresh) runs.hold(item);
    return { ...counts, started: 0, held: fresh.length };
  }
  const started = fresh.reduce((sum, { item }) => sum + runs.start(item), 0);
  return { ...counts, started, held: 0 };
};
