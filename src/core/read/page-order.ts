import { compareInstants, type Instant } from '../instant.ts';
import type { SystemRecord } from '../system/entity-driver.ts';

export type PageOrder = { readonly kind: 'ordered' } | { readonly kind: 'out_of_order'; readonly position: number };

/**
 * Checks that a page ascends by update time, also against the last record before it, which an earlier poll may have read.
 *
 * Only the time is compared: inside a tie a source sorts IDs by rules of its own (numbers, collations), and none of
 * them loses anything. A page out of order means the source did not sort as asked, and no position in it can be
 * trusted to have everything below it.
 */
export const checkPageOrder = (
  records: readonly SystemRecord[],
  before: { readonly updatedAt: Instant } | undefined,
): PageOrder => {
  let previous = before?.updatedAt;
  for (const [position, { updatedAt }] of records.entries()) {
    if (previous !== undefined && compareInstants(updatedAt, previous) < 0) return { kind: 'out_of_order', position };
    previous = updatedAt;
  }
  return { kind: 'ordered' };
};
