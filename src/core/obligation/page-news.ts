import { compareInstants, type Instant } from '../instant.ts';
import type { JsonObject } from '../json.ts';
import type { ObservedRecord } from '../protocol/cycle-routes.ts';
import {
  firstStates,
  isUnsettled,
  type ObligationEvent,
  type ObligationState,
  stateAfter,
} from './obligation-state.ts';

/** One version of a record as it was read. */
export type ReadVersion = Pick<ObservedRecord, 'externalId' | 'updatedAt' | 'digest'>;

type KnownVersion = ReadVersion & { readonly state: ObligationState; readonly sequence: number };

/** What is known of the records of a page. */
export type Known = {
  /** Versions that were observed before, by `versionKey`. */
  readonly versions: ReadonlyMap<string, KnownVersion>;
  /** By `momentKey`: the sequence of the last one observed under that time. */
  readonly latest: ReadonlyMap<string, number>;
  /** Digest on the target of records that have nothing unsettled and no doubt about their last write. */
  readonly appliedDigest: ReadonlyMap<string, string>;
};

/** Where a cycle began: what is read is judged by it. */
export type ReadFrom = {
  /** Nothing changed before this is wanted; null for the beginning. */
  readonly startAt: Instant | null;
  /** The mark when the cycle began; null before the first. */
  readonly markAt: Instant | null;
};

/** The obligation that a version opens. */
export type FreshObligation = ReadVersion & {
  readonly state: 'open' | 'held' | 'unchanged' | 'dead_lettered';
  readonly reason: string | null;
  readonly payload: JsonObject | null;
};

/** A version that was observed before and is news again, with the state that its obligation has from now on. */
export type ReturnedVersion = ReadVersion & {
  readonly state: 'open' | 'held';
  readonly reason: string | null;
  readonly payload: JsonObject;
};

/** What a page comes to. */
export type PageNews = {
  /** In the order of the page, which becomes the order of observation. */
  readonly fresh: readonly FreshObligation[];
  readonly returned: readonly ReturnedVersion[];
  readonly opened: number;
  readonly unchanged: number;
  /** Rows below the mark that were not known: late commits. */
  readonly late: number;
};

/** Tells the versions of one stream apart. */
export const versionKey = ({ externalId, updatedAt, digest }: ReadVersion): string =>
  `${externalId}/${updatedAt}/${digest}`;

/** Tells the update times of the records of one stream apart. */
export const momentKey = ({ externalId, updatedAt }: Omit<ReadVersion, 'digest'>): string =>
  `${externalId}/${updatedAt}`;

/** The obligation that a version opens; one that changes nothing on the target is settled at once. */
const obligationFor = (record: ObservedRecord, known: Known, isOnly: boolean): FreshObligation => {
  const { externalId, updatedAt, digest, reason, payload } = record;
  const base = { externalId, updatedAt, digest, reason, payload };
  switch (record.state) {
    case 'held':
      return { ...base, state: firstStates.fails };
    case 'refused':
      return { ...base, state: firstStates.is_unusable };
    case 'ready':
      return isOnly && known.appliedDigest.get(externalId) === digest
        ? { ...base, state: firstStates.is_on_target, reason: 'The mapped fields are as the target has them' }
        : { ...base, state: firstStates.passes };
  }
};

/** The versions of a page that were not observed before, each once, in the order of the page. */
const newVersions = (records: readonly ObservedRecord[], known: Known): ObservedRecord[] => {
  const fresh = new Map<string, ObservedRecord>();
  for (const record of records) {
    const key = versionKey(record);
    if (!known.versions.has(key)) fresh.set(key, record);
  }
  return [...fresh.values()];
};

/** What it is for a version that was observed before to be read again; undefined where it is nothing. */
const eventAgain = ({ state }: ObservedRecord, isBack: boolean): ObligationEvent | undefined => {
  switch (state) {
    case 'refused':
      return undefined;
    case 'ready':
      return isBack ? 'came_back' : 'passes_again';
    case 'held':
      return isBack ? 'came_back_failing' : undefined;
  }
};

/** The state of a version that is read again; undefined for one that is no news. */
const stateAgain = (
  record: ObservedRecord,
  before: KnownVersion,
  isBack: boolean,
): ReturnedVersion['state'] | undefined => {
  const event = eventAgain(record, isBack);
  if (event === undefined) return undefined;
  const state = stateAfter(before.state, event);
  return (isBack || state !== before.state) && isUnsettled(state) ? state : undefined;
};

/**
 * Versions that were observed before and are news again: one that came back under the same update time after another
 * (a change and its reversal within one tick, a mapping that was taken back), and one that was held and passes by now.
 * Each once, in the order of the page.
 */
const returnedVersions = (records: readonly ObservedRecord[], known: Known): ReturnedVersion[] => {
  const returned = new Map<string, ReturnedVersion>();
  for (const record of records) {
    const { externalId, updatedAt, digest, payload } = record;
    const before = known.versions.get(versionKey(record));
    if (before === undefined || payload === null) continue;
    const isBack = (known.latest.get(momentKey(record)) ?? 0) > before.sequence;
    const state = stateAgain(record, before, isBack);
    if (state === undefined) continue;
    const reason = state === 'held' ? record.reason : null;
    returned.set(versionKey(record), { externalId, updatedAt, digest, state, reason, payload });
  }
  return [...returned.values()];
};

/** A change from before the start that was chosen is not wanted. */
const isWanted = (record: ObservedRecord, startAt: Instant | null): boolean =>
  startAt === null || record.state === 'refused' || compareInstants(record.updatedAt, startAt) >= 0;

/** The records of a page that the stream is to know of. */
export const wantedOf = (records: readonly ObservedRecord[], startAt: Instant | null): ObservedRecord[] =>
  records.filter((record) => isWanted(record, startAt));

/**
 * Decides what a page of records comes to, by what is known of those that are wanted: which obligations it opens, which
 * it observes again, and which rows came late.
 */
export const decidePage = (
  records: readonly ObservedRecord[],
  known: Known,
  { startAt, markAt }: ReadFrom,
): PageNews => {
  const wanted = wantedOf(records, startAt);
  const versions = newVersions(wanted, known);
  const returned = returnedVersions(wanted, known);
  const countOf = Map.groupBy(versions, ({ externalId }) => externalId);
  const fresh = versions.map((record) => obligationFor(record, known, countOf.get(record.externalId)?.length === 1));
  const isLate = ({ state, updatedAt }: ObservedRecord): boolean =>
    markAt !== null && state !== 'refused' && compareInstants(updatedAt, markAt) < 0;
  return {
    fresh,
    returned,
    opened: returned.length + fresh.filter(({ state }) => isUnsettled(state)).length,
    unchanged: records.length - versions.length - returned.length,
    late: versions.filter(isLate).length,
  };
};
