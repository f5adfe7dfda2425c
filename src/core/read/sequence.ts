import type { ContractBundle } from '../contract/bundle.ts';
import { compareInstants, type Instant, instantFromMs, SEQUENCE_MAX } from '../instant.ts';
import type { StreamStart } from './checkpoint.ts';

/** The first place in a sequence: the instant of 0. */
const FIRST = instantFromMs(0);
const LAST = instantFromMs(SEQUENCE_MAX * 1000);

/** True where changes are ordered by a whole number that grows with each of them, and not by a time. */
export const isBySequence = ({ sync, source }: Pick<ContractBundle, 'sync' | 'source'>): boolean => {
  const entities: Readonly<Record<string, { readonly timestamp: string }>> = source.entities;
  return Object.hasOwn(entities, sync.source.entity) && entities[sync.source.entity]?.timestamp === 'sequence';
};

/** Why a stream over a sequence cannot begin there; undefined where it can. */
export const sequenceStartTrouble = (start: StreamStart): string | undefined =>
  start.kind === 'beginning'
    ? undefined
    : 'its source orders changes by a sequence, and no time says where in it to begin. Begin at the beginning';

/**
 * Why a sweep cannot begin there: a mark that is a time was set when the source was still read by one, and no change
 * would ever lie behind it. Undefined for a place in the sequence.
 */
export const sequencePlaceTrouble = (since: Instant | null): string | undefined =>
  since === null || compareInstants(since, LAST) <= 0
    ? undefined
    : 'its mark is a time, and the source is ordered by a sequence now. Begin another stream';

/**
 * Why a window says nothing of a source that is ordered by a sequence; undefined for one that holds the whole of it. A
 * place in a sequence is kept as an instant of long ago, so a window of times would hold none, and an empty window
 * always matches.
 */
export const sequenceWindowTrouble = (from: Instant): string | undefined =>
  compareInstants(from, FIRST) <= 0
    ? undefined
    : `the source orders its changes by a sequence, so none of them can be told to lie in a window of times; a window from ${FIRST} on holds all`;
