import type { FaultPlan } from './fault-plan.ts';
import { FAULT_KINDS } from './faults.ts';
import type { FaultKind } from './faults.ts';

export type MethodGroup = 'reads' | 'writes';
type RequestName = { readonly method: string; readonly url: string };

export type FaultChooser = {
  readonly choose: (request: RequestName) => FaultKind | 'none';
  /** The next request of the group gets this fault, whatever chance and the limit in a row say; they queue up. */
  readonly forceNext: (group: MethodGroup, fault: FaultKind) => void;
};

const READ_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Beyond this many URLs with a fault last, the oldest are forgotten; a forgotten one may be struck once more often. */
const REMEMBERED_URLS_MAX = 10_000;

/** Decides what happens to each request, by chance in [0, 1) and the plan. One draw a request, so a run repeats. */
export const createFaultChooser = (plan: FaultPlan, random: () => number): FaultChooser => {
  const faultsInRow = new Map<string, number>();
  const forced: Record<MethodGroup, FaultKind[]> = { reads: [], writes: [] };

  const record = (key: string, fault: FaultKind | 'none'): void => {
    const inRow = faultsInRow.get(key) ?? 0;
    faultsInRow.delete(key);
    if (fault === 'none' || fault === 'slow') return;
    faultsInRow.set(key, inRow + 1);
    for (const oldest of faultsInRow.keys()) {
      if (faultsInRow.size <= REMEMBERED_URLS_MAX) break;
      faultsInRow.delete(oldest);
    }
  };

  return {
    choose: ({ method, url }) => {
      const key = `${method} ${url}`;
      const group = groupOf(method);
      const drawn = draw(plan[group], random());
      const isAtLimit = (faultsInRow.get(key) ?? 0) >= plan.consecutiveMax;
      const fault = forced[group].shift() ?? (isAtLimit && drawn !== 'slow' ? 'none' : drawn);
      record(key, fault);
      return fault;
    },
    forceNext: (group, fault) => {
      forced[group].push(fault);
    },
  };
};

const groupOf = (method: string): MethodGroup => (READ_METHODS.has(method) ? 'reads' : 'writes');

/** Lays the shares side by side on [0, 1) and returns the one that the number falls into. */
const draw = (shares: FaultPlan['reads'], number: number): FaultKind | 'none' => {
  let upper = 0;
  for (const kind of FAULT_KINDS) {
    upper += shares[kind] ?? 0;
    if (number < upper) return kind;
  }
  return 'none';
};
