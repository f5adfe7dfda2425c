/** A difference as a slice reports it. */
type Difference = {
  readonly externalId: string;
  readonly kind: 'missing' | 'changed' | 'duplicated';
  /** Null when the record may not be written. */
  readonly payload: object | null;
};

/** `pending`: its delivery is still on its way. `repairing`: it is sent again. `confirmed`: it is left to people. */
export type Disposition = 'pending' | 'confirmed' | 'repairing';

/** What is known of the records that differ, by their external IDs. */
export type DisposedBy = {
  /** Those with an open obligation: their difference is lag. */
  readonly pending: ReadonlySet<string>;
  /** Those whose very version was given up on or waived: a person decides on them, not a repair. */
  readonly givenUp: ReadonlySet<string>;
  /** Repairs that the run may still make; 0 when it repairs nothing. */
  readonly repairsLeft: number;
};

/** Each record once: one that moved along in the window was seen again, and the later look counts. */
export const latestLooks = <D extends Difference>(differences: readonly D[]): D[] => [
  ...new Map(differences.map((difference) => [difference.externalId, difference])).values(),
];

/** Duplicates are never repaired by writing, and a held record may not be written. */
export const isRepairable = ({ kind, payload }: Difference): boolean => kind !== 'duplicated' && payload !== null;

/** Decides what becomes of each difference, in their order. */
export const disposeDifferences = <D extends Difference>(
  differences: readonly D[],
  { pending, givenUp, repairsLeft }: DisposedBy,
): (D & { readonly disposition: Disposition })[] => {
  let left = repairsLeft;
  return differences.map((difference) => {
    if (pending.has(difference.externalId)) return { ...difference, disposition: 'pending' };
    if (left <= 0 || !isRepairable(difference) || givenUp.has(difference.externalId)) {
      return { ...difference, disposition: 'confirmed' };
    }
    left -= 1;
    return { ...difference, disposition: 'repairing' };
  });
};
