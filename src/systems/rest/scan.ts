import type { JsonValue } from '../../core/json.ts';
import type { Scan, ScanDoubt } from '../../core/system/entity-driver.ts';
import { countsPages } from './counting-link.ts';
import { type RestReading, totalIn } from './rest-reading.ts';

type Doubt = Exclude<ScanDoubt, 'cap'>;

type PageRead = {
  readonly count: number;
  readonly pageSize: number;
  /** URL of the page. */
  readonly asked: string;
  readonly next: string | null;
};

/** What a page says against the scan; null where it says nothing. */
export const doubtOf = ({ entity }: RestReading, page: PageRead): Doubt | null => {
  // Only a page counted by number has a size: systems that give a cursor may cut their pages as they like.
  const { style } = entity.paging;
  if (style === 'link' && page.next !== null && countsPages(page.asked, page.next, page.count)) return 'page_numbers';
  const isNumbered = style === 'page' && page.next !== null;
  return isNumbered && page.count > 0 && page.count < page.pageSize ? 'short_page' : null;
};

type Read = {
  readonly rows: number;
  /** What the API counted at the first page; null where it did not say. */
  readonly total: number | null;
  readonly doubt: Doubt | null;
};

/**
 * The certificate of a scan that came to its end: the rows of its last window held against the count of the API, which must not
 * have changed since its first page either: one row gone from there hides one that was never read. Pages
 * by number are never known to be complete, unless the count agrees.
 */
export const scanOf = (reading: RestReading, { rows, total: counted, doubt }: Read, json: JsonValue): Scan => {
  const total = totalIn(reading, json);
  if (total !== undefined && (total !== rows || (counted !== null && counted !== total))) {
    return { kind: 'unstable', because: 'count_disagrees' };
  }
  if (doubt !== null) return { kind: 'unstable', because: doubt };
  return reading.entity.paging.style === 'page' && total === undefined
    ? { kind: 'unstable', because: 'page_numbers' }
    : { kind: 'complete' };
};
