/** What one reconciliation run counted. All are numbers of source records in the window, but `unusable` (rows). */
export type ReconcileCounts = {
  /** Source records in the window. */
  readonly source: number;
  readonly matched: number;
  readonly missing: number;
  readonly changed: number;
  /** External IDs with more than one target record. */
  readonly duplicated: number;
  /** Differences whose delivery is still on its way: lag, not drift. */
  readonly pending: number;
  /** Source rows without an ID or update time, or gone when looked at again: nothing can be said about them. */
  readonly unusable: number;
};

/**
 * Whether the source was read from one end of the window to the other.
 * `truncated`: a limit or failure ended it early. `unstable`: the answers contradicted each other.
 */
export type ScanEnd = 'complete' | 'truncated' | 'unstable';

export type Verdict = {
  readonly verdict: 'matched' | 'mismatched' | 'not_proven';
  /** One sentence for a person. */
  readonly reason: string;
  /** Matched share of the source records, 0 to 100; null when there were none or the scan did not end. */
  readonly coveragePercent: number | null;
};

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const differences = (counts: ReconcileCounts): string =>
  [
    [counts.missing, 'missing'],
    [counts.changed, 'changed'],
    [counts.duplicated, 'duplicated'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, what]) => `${String(count)} ${String(what)}`)
    .join(', ');

/**
 * Decides the verdict. A difference that was confirmed is a mismatch whatever else is open; without one, anything
 * that was not looked at to the end is not proven.
 */
export const decideVerdict = (counts: ReconcileCounts, end: ScanEnd): Verdict => {
  const coveragePercent =
    counts.source === 0 || end !== 'complete' ? null : Math.floor((counts.matched / counts.source) * 10_000) / 100;
  if (counts.missing + counts.changed + counts.duplicated > 0) {
    return {
      verdict: 'mismatched',
      reason: `Of ${plural(counts.source, 'record')}: ${differences(counts)}`,
      coveragePercent,
    };
  }
  const open: string[] = [];
  if (end !== 'complete') open.push(`the scan of the source is ${end}`);
  if (counts.unusable > 0) open.push(`${plural(counts.unusable, 'source row')} that cannot be judged`);
  if (counts.pending > 0) open.push(`${plural(counts.pending, 'record')} still on the way`);
  const unseen = counts.source - counts.matched - counts.pending;
  if (unseen > 0) open.push(`${plural(unseen, 'record')} neither matched nor named`);
  return open.length > 0
    ? { verdict: 'not_proven', reason: `Not proven: ${open.join('; ')}`, coveragePercent }
    : { verdict: 'matched', reason: `All ${plural(counts.source, 'record')} of the window match`, coveragePercent };
};

/** How far a run has come. */
type RunState = {
  readonly counts: ReconcileCounts;
  /** Null while there is more to scan. */
  readonly end: ScanEnd | null;
  /** Why the scan ended as it did. */
  readonly endReason: string | null;
};

/** The verdict of a run, or of an unfinished one how far it has come. */
export const runVerdict = ({ counts, end, endReason }: RunState): Verdict => {
  if (end === null) {
    const reason = `In progress: ${counts.source} records compared so far; run the step again to go on`;
    return { verdict: 'not_proven', reason, coveragePercent: null };
  }
  const decided = decideVerdict(counts, end);
  return endReason === null ? decided : { ...decided, reason: `${decided.reason} (${endReason})` };
};
