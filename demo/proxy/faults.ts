/**
 * What the proxy can do to a request, and whether the system behind it has done what was asked by then. The
 * client cannot tell: that is the point of most of them.
 *
 * `applied`: the request was forwarded and answered before the fault. `withheld`: the system never saw it.
 */
export const FAULT_EFFECTS = {
  /** The connection closes without a byte of a reply. */
  'lost-reply': 'applied',
  /** 500 with a JSON body, although the work is done. */
  'error-after': 'applied',
  /** No reply until the hang time has passed, then the connection closes. */
  'hang-after': 'applied',
  /** The right status and headers, half of the body, then the connection closes. An empty body is cut before the status. */
  'cut-body': 'applied',
  /** The right reply, late. */
  slow: 'applied',
  /** 429 with `Retry-After: <seconds>`. */
  'throttled-seconds': 'withheld',
  /** 429 with `Retry-After: <HTTP date>`. */
  'throttled-date': 'withheld',
  'error-500': 'withheld',
  'error-503': 'withheld',
  /** As `hang-after`, but nothing was forwarded. */
  'hang-before': 'withheld',
  /** 200 with a page of HTML, as a captive portal or a login page in between sends it. */
  'html-200': 'withheld',
} as const satisfies Record<string, 'applied' | 'withheld'>;

export type FaultKind = keyof typeof FAULT_EFFECTS;

export const FAULT_KINDS = [
  'lost-reply',
  'error-after',
  'hang-after',
  'cut-body',
  'slow',
  'throttled-seconds',
  'throttled-date',
  'error-500',
  'error-503',
  'hang-before',
  'html-200',
] as const satisfies readonly FaultKind[];
