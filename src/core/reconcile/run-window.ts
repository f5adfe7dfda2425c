import type { SyncContract } from '../contract/sync-contract.ts';
import { compareInstants, type Instant, shiftInstant } from '../instant.ts';
import type { ReconcileWindow } from '../protocol/reconcile-routes.ts';

const HOUR_MS = 3_600_000;

export type WindowDecision =
  | { readonly kind: 'window'; readonly from: Instant; readonly to: Instant }
  | { readonly kind: 'refused'; readonly reason: string };

/** The window that a new run looks at: it ends where changes have had the time to settle, unless it names its end. */
export const decideWindow = (sync: SyncContract, window: ReconcileWindow, now: Instant): WindowDecision => {
  const settled = shiftInstant(now, -sync.reconcile.settleSeconds * 1000);
  const hours = window.kind === 'hours' ? window.hours : sync.reconcile.windowHours;
  const to = window.kind === 'between' ? (window.to ?? settled) : settled;
  const from = window.kind === 'between' ? window.from : shiftInstant(to, -hours * HOUR_MS);
  if (compareInstants(to, now) > 0) {
    return { kind: 'refused', reason: `Cannot reconcile "${sync.name}" to ${to}: that is in the future` };
  }
  return compareInstants(from, to) >= 0
    ? {
        kind: 'refused',
        reason: `Cannot reconcile "${sync.name}" from ${from} to ${to}: the window ends before it begins`,
      }
    : { kind: 'window', from, to };
};
