import { FAULT_KINDS } from './faults.ts';
import type { FaultKind } from './faults.ts';

export type FaultCounts = {
  /** Requests seen: `passed` and all faults together. */
  readonly calls: number;
  readonly passed: number;
  readonly faults: Readonly<Record<FaultKind, number>>;
  /** Requests, counted above too, that failed by themselves: the upstream was gone, or the client left. */
  readonly unplannedFailures: number;
};

type Counter = {
  readonly add: (fault: FaultKind | 'none') => void;
  readonly addUnplanned: () => void;
  readonly read: () => FaultCounts;
};

export const createFaultCounts = (): Counter => {
  const byKind = new Map<FaultKind | 'none', number>();
  let unplannedFailures = 0;
  const countOf = (kind: FaultKind | 'none'): number => byKind.get(kind) ?? 0;
  return {
    add: (fault) => {
      byKind.set(fault, countOf(fault) + 1);
    },
    addUnplanned: () => {
      unplannedFailures += 1;
    },
    read: () => ({
      calls: countOf('none') + FAULT_KINDS.reduce((sum, kind) => sum + countOf(kind), 0),
      passed: countOf('none'),
      faults: {
        'lost-reply': countOf('lost-reply'),
        'error-after': countOf('error-after'),
        'hang-after': countOf('hang-after'),
        'cut-body': countOf('cut-body'),
        slow: countOf('slow'),
        'throttled-seconds': countOf('throttled-seconds'),
        'throttled-date': countOf('throttled-date'),
        'error-500': countOf('error-500'),
        'error-503': countOf('error-503'),
        'hang-before': countOf('hang-before'),
        'html-200': countOf('html-200'),
      },
      unplannedFailures,
    }),
  };
};
