import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import type { RunView } from '../../standin/run.ts';

const AT_ONCE = 10;

const item = z.object({ delivery_id: z.string() });

/** The delivery that started a run. */
export const deliveryOf = (run: RunView): string => item.parse(run.item).delivery_id;

type Place = { readonly sync: string; readonly contractVersion: string };

const stateOf = async (api: StorePort, { sync, contractVersion }: Place, deliveryId: string): Promise<string> => {
  const subject = { kind: 'delivery', deliveryId, overridesDigest: null } as const;
  const items = [{ intentId: randomUUID(), subject }];
  const { decisions } = await api.beginWrites({}, { sync, knownContract: contractVersion, items });
  const [decision] = decisions;
  return decision?.kind === 'refused' && decision.code === 'not_found' ? 'unknown' : String(decision?.kind);
};

/**
 * Asks the store to write deliveries that are settled already. One that is applied or superseded is refused as such
 * and nothing happens; any other answer means that the store forgot it.
 *
 * @returns the deliveries that were forgotten, each with the answer
 */
export const findForgotten = async (
  api: StorePort,
  sync: string,
  deliveryIds: readonly string[],
): Promise<string[]> => {
  const { version: contractVersion } = await api.getSync({ sync }, {});
  const place = { sync, contractVersion };
  const forgotten: string[] = [];
  for (let from = 0; from < deliveryIds.length; from += AT_ONCE) {
    const asked = deliveryIds.slice(from, from + AT_ONCE);
    const states = await Promise.all(asked.map((id) => stateOf(api, place, id)));
    for (const [index, state] of states.entries()) {
      if (state !== 'already_applied' && state !== 'stale') forgotten.push(`delivery ${asked[index] ?? ''}: ${state}`);
    }
  }
  return forgotten;
};
