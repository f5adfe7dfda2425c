/**
 * Why a call to a system did not give what was asked. Messages hold no record values and no secrets.
 *
 * - `throttled`: not executed (429, or 503 with Retry-After); try again after `retryAfterMs`
 * - `unavailable`: nothing was executed as far as anyone can tell: no connection, or a failed read
 * - `unauthorized`: the secret is missing, wrong or without the right
 * - `rejected`: the system understood and refused (another 4xx), or the driver did not send what cannot be asked
 *   (`status` 0: an ID that stands in no path, a token of another source); asking again gives the same. `because` where
 *   the system says more: several records match, another version is there than the one named, there is no such record
 * - `malformed`: an answer that is not what the API promises (HTML with 200, no array of records, a body cut short)
 * - `unknown`: a write was sent and what became of it is not known; only a read-back can tell. `answered` says that
 *   the system itself replied (a 500), so it is no longer working on the request and a read-back at once is decisive;
 *   after a time-out, a lost connection or a gateway's 502 or 504 the effect may still be coming
 */
export type SystemFailure =
  | { readonly kind: 'throttled'; readonly retryAfterMs: number; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'unauthorized'; readonly reason: string }
  | {
      readonly kind: 'rejected';
      readonly status: number;
      readonly reason: string;
      readonly because?: 'several_matches' | 'conflict' | 'missing';
    }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly answered: boolean; readonly reason: string };
