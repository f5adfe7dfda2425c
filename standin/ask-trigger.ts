import { buildMeta } from './bundle.ts';
import { findAction } from './definition.ts';
import { drawAnswerFate } from './faults.ts';
import { describeFailure, type Outcome } from './outcome.ts';
import type { Platform } from './platform.ts';
import { readPolledItems, type PolledItem } from './polled-items.ts';
import { timezoneOf, triggerInput, type TriggerPart } from './trigger-part.ts';

export type TriggerAnswer =
  | { readonly kind: 'items'; readonly items: readonly PolledItem[] }
  | { readonly kind: 'throttled'; readonly delayMs: number; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

export type PollPurpose = { readonly zapId: string; readonly isPopulatingDedupe: boolean };

/** Calls a polling trigger's perform once and reads its answer. */
export const askTrigger = async (
  platform: Platform,
  trigger: TriggerPart,
  { zapId, isPopulatingDedupe }: PollPurpose,
): Promise<TriggerAnswer> => {
  const { faults, random } = platform;
  const { connection, fields, mapping } = trigger;
  if (connection?.isExpired() === true) return { kind: 'failed', message: 'The connection has expired' };
  const input = triggerInput(platform, trigger);
  if (input.kind === 'missing') return { kind: 'failed', message: input.message };
  const outcome = await platform.invoke({
    method: `triggers.${trigger.key}.operation.perform`,
    bundle: {
      authData: connection?.authData ?? {},
      inputData: input.inputData,
      inputDataRaw: mapping,
      meta: buildMeta({ isPopulatingDedupe, zapId, timezone: timezoneOf(connection), fields }),
    },
    connection,
    zapId,
    drawFate: () => drawAnswerFate(random, faults.killAfterPoll, faults.timeoutAfterPoll),
  });
  return readAnswer(platform, trigger, outcome);
};

const readAnswer = ({ definition, limits }: Platform, trigger: TriggerPart, outcome: Outcome): TriggerAnswer => {
  switch (outcome.kind) {
    case 'success': {
      const report = readPolledItems(findAction(definition, 'trigger', trigger.key), outcome.results);
      return report.kind === 'items' ? report : { kind: 'failed', message: report.message };
    }
    case 'callback':
      return { kind: 'failed', message: 'A trigger cannot wait for a callback' };
    case 'timed_out':
    case 'killed':
      return { kind: 'failed', message: describeFailure(outcome) };
    case 'error':
      if (outcome.effect === 'expired_auth') trigger.connection?.markExpired(true);
      if (outcome.effect !== 'throttled') return { kind: 'failed', message: outcome.shown };
      return {
        kind: 'throttled',
        delayMs: outcome.delaySeconds === null ? limits.throttleDelayMs : outcome.delaySeconds * 1_000,
        message: outcome.shown,
      };
  }
};
