import { buildMeta, type Bundle } from './bundle.ts';
import { findAction } from './definition.ts';
import type { HookRequest } from './hook-registry.ts';
import { describeFailure, type Outcome } from './outcome.ts';
import type { Platform } from './platform.ts';
import type { SavedStep } from './step.ts';
import { testConnection } from './test-connection.ts';
import { timezoneOf, triggerInput, type TriggerPart } from './trigger-part.ts';
import type { HookZap, TurnOnReport } from './zap.ts';
import { createZapRuns, type ZapRuns } from './zap-runs.ts';

export type HookZapParts = {
  readonly name: string;
  readonly trigger: TriggerPart;
  readonly steps: readonly SavedStep[];
  readonly autoreplay: boolean;
};

/**
 * A Zap on an instant trigger. Turning it on subscribes, turning it off unsubscribes. Deliveries are neither
 * deduped nor held, however many come.
 */
export const createHookZap = (platform: Platform, parts: HookZapParts): HookZap => {
  const id = platform.nextId('zap');
  const runs = createZapRuns(platform, {
    zapId: id,
    steps: parts.steps,
    autoreplay: parts.autoreplay,
    onTooManyErrors: () => {
      platform.work.push({ dueAtMs: platform.clock.now(), perform: () => turnOff(machine, 'too_many_errors') });
    },
  });
  const machine: Machine = { platform, parts, id, runs, subscription: null };
  const subscription = (): Subscription => {
    if (machine.subscription === null) throw new Error(`Zap "${parts.name}" listens nowhere: it is off`);
    return machine.subscription;
  };
  return {
    id,
    name: parts.name,
    isOn: () => machine.subscription !== null,
    turnOn: () => turnOn(machine),
    turnOff: () => turnOff(machine, 'asked'),
    hookUrl: () => platform.server.hookUrl(subscription().hookId),
    deliver: (payload) =>
      platform.hooks.deliver(subscription().hookId, {
        method: 'POST',
        querystring: '',
        headers: { 'content-type': 'application/json' },
        content: JSON.stringify(payload),
      }),
    runs: runs.view,
    replayHeld: runs.replayHeld,
    replay: runs.replay,
  };
};

type Subscription = { readonly hookId: string; readonly subscribeData: unknown };

type Machine = {
  readonly platform: Platform;
  readonly parts: HookZapParts;
  readonly id: string;
  readonly runs: ZapRuns;
  subscription: Subscription | null;
};

const turnOn = async (machine: Machine): Promise<TurnOnReport> => {
  const { platform, parts, id } = machine;
  if (machine.subscription !== null) throw new Error(`Cannot turn on Zap "${parts.name}": it is on`);
  const test = await testConnection(platform, parts.trigger.connection);
  if (test.kind === 'failed') return { kind: 'refused', message: test.message };
  const hookId = platform.hooks.open((request) => receive(machine, request));
  const outcome = await callTrigger(machine, 'performSubscribe', { targetUrl: platform.server.hookUrl(hookId) });
  if (outcome.kind !== 'success') {
    platform.hooks.close(hookId);
    return { kind: 'refused', message: failureText(outcome) };
  }
  machine.subscription = { hookId, subscribeData: outcome.results };
  platform.emit({ kind: 'zap_turned_on', zapId: id, keysStored: 0 });
  return { kind: 'on', keysStored: 0 };
};

const turnOff = async (machine: Machine, reason: 'asked' | 'too_many_errors'): Promise<void> => {
  const { platform, subscription } = machine;
  if (subscription === null) return;
  machine.subscription = null;
  platform.hooks.close(subscription.hookId);
  // Zapier turns the Zap off whatever the app answers; a subscription left behind is met by 410 Gone.
  await callTrigger(machine, 'performUnsubscribe', {
    targetUrl: platform.server.hookUrl(subscription.hookId),
    subscribeData: subscription.subscribeData,
  });
  platform.emit({ kind: 'zap_turned_off', zapId: machine.id, reason });
};

const receive = (machine: Machine, request: HookRequest): void => {
  const { clock, counters, emit, work } = machine.platform;
  counters.add('hooksReceived');
  emit({ kind: 'hook_received', zapId: machine.id, bytes: Buffer.byteLength(request.content) });
  work.push({ dueAtMs: clock.now(), perform: () => performHook(machine, request, false) });
};

/** Turns one delivery into runs. A throttled one is tried a single time more; any other failure drops it. */
const performHook = async (machine: Machine, request: HookRequest, isRetry: boolean): Promise<void> => {
  const { platform, runs, subscription } = machine;
  if (subscription === null) return;
  const outcome = await callTrigger(machine, 'perform', {
    targetUrl: platform.server.hookUrl(subscription.hookId),
    subscribeData: subscription.subscribeData,
    rawRequest: request,
    cleanedRequest: parseContent(request.content),
  });
  if (outcome.kind === 'error' && outcome.effect === 'throttled' && !isRetry) {
    const { clock, counters, limits, work } = platform;
    const askedMs = outcome.delaySeconds === null ? limits.throttleDelayMs : outcome.delaySeconds * 1_000;
    const dueAtMs = clock.now() + Math.min(askedMs, limits.hookThrottleDelayMaxMs);
    counters.add('throttles');
    work.push({ dueAtMs, perform: () => performHook(machine, request, true) });
  } else if (outcome.kind === 'success' && Array.isArray(outcome.results)) {
    for (const item of outcome.results) runs.start(item);
  } else {
    platform.counters.add('pollFailures');
  }
};

type HookFunction = 'perform' | 'performSubscribe' | 'performUnsubscribe';

const callTrigger = async (machine: Machine, name: HookFunction, extra: Partial<Bundle>): Promise<Outcome> => {
  const { platform, parts, id } = machine;
  const { trigger } = parts;
  // A static hook has no subscription: its user copies the address by hand.
  if (findAction(platform.definition, 'trigger', trigger.key).operation[name] === undefined) {
    return { kind: 'success', results: {} };
  }
  const input = triggerInput(platform, trigger);
  if (input.kind === 'missing') throw new Error(`Zap "${parts.name}" was saved without its input: ${input.message}`);
  return await platform.invoke({
    method: `triggers.${trigger.key}.operation.${name}`,
    bundle: {
      authData: trigger.connection?.authData ?? {},
      inputData: input.inputData,
      inputDataRaw: trigger.mapping,
      meta: buildMeta({ zapId: id, timezone: timezoneOf(trigger.connection), fields: trigger.fields }),
      ...extra,
    },
    connection: trigger.connection,
    zapId: id,
  });
};

const failureText = (outcome: Exclude<Outcome, { kind: 'success' }>): string =>
  outcome.kind === 'callback' ? 'A trigger cannot wait for a callback' : describeFailure(outcome);

/** Zapier hands a body that is no JSON over as the text it is. */
const parseContent = (content: string): unknown => {
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
};
