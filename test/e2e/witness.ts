import type { StorePort } from '../../src/core/protocol/store-port.ts';
import { publishedLeafHash } from '../world/ledger-check.ts';

type Entry = Awaited<ReturnType<StorePort['listEvidence']>>['entries'][number];
type StreamKey = Parameters<StorePort['getStream']>[0];
/** What a witness asks: any key may. */
type Api = Pick<StorePort, 'listEvidence' | 'getStream'>;

/** Somebody outside who remembers what the store acknowledged, and holds it to that. */
export type Witness = {
  /** Everything acknowledged so far, from the first entry on. */
  readonly entries: () => readonly Entry[];
  /** Reads what is new and remembers it. */
  readonly look: () => Promise<void>;
  /** Reads everything anew. Gives what was taken back or changed since it was acknowledged: nothing, in a sound store. */
  readonly findLosses: () => Promise<readonly string[]>;
};

const ENTRIES_PER_CALL = 1000;

const readEntries = async (api: Api, after: number): Promise<Entry[]> => {
  const all: Entry[] = [];
  for (;;) {
    const { entries } = await api.listEvidence({}, { after: all.at(-1)?.sequence ?? after, limit: ENTRIES_PER_CALL });
    all.push(...entries);
    if (entries.length < ENTRIES_PER_CALL) return all;
  }
};

/** Verifies the hashes by the rule that is published, with none of Tidemark's code. */
const findBreaks = (entries: readonly Entry[]): string[] => {
  const breaks: string[] = [];
  for (const [index, { sequence, leaf, hash }] of entries.entries()) {
    if (sequence !== index + 1) breaks.push(`entry ${index + 1} has sequence ${sequence}`);
    if (hash !== publishedLeafHash(leaf)) breaks.push(`the hash of entry ${sequence} is not that of its leaf`);
  }
  return breaks;
};

const findRewritten = (seen: readonly Entry[], now: readonly Entry[]): string[] =>
  seen.flatMap(({ sequence, hash, leaf }, index) => {
    const found = now[index];
    if (found === undefined) return [`entry ${sequence} is gone`];
    return found.hash === hash && found.leaf === leaf ? [] : [`entry ${sequence} is another one now`];
  });

/** Figures that only grow: without a repair nothing that is settled is ever opened again. */
const readTotals = async (api: Api, key: StreamKey): Promise<Readonly<Record<string, number>>> => {
  const { checkpoint, counts, reading } = await api.getStream(key, {});
  return {
    checkpointVersion: checkpoint.version,
    applied: counts.applied,
    settled: counts.applied + counts.superseded + counts.unchanged + counts.deadLettered,
    deliveries: counts.deliveries,
    ...reading,
  };
};

export const createWitness = (api: Api, key: StreamKey): Witness => {
  let seen: readonly Entry[] = [];
  let totals: Readonly<Record<string, number>> = {};

  const findFallen = (now: Readonly<Record<string, number>>): string[] =>
    Object.entries(totals).flatMap(([name, before]) => {
      const after = now[name] ?? 0;
      return after < before ? [`${name} fell from ${before} to ${after}`] : [];
    });
  return {
    entries: () => seen,
    look: async () => {
      seen = [...seen, ...(await readEntries(api, seen.at(-1)?.sequence ?? 0))];
      totals = await readTotals(api, key);
    },
    findLosses: async () => {
      const nowTotals = await readTotals(api, key);
      const now = await readEntries(api, 0);
      const losses = [...findRewritten(seen, now), ...findBreaks(now), ...findFallen(nowTotals)];
      seen = now;
      totals = nowTotals;
      return losses;
    },
  };
};
