import type { Scan, ScanDoubt } from '../system/entity-driver.ts';

const words: Readonly<Record<ScanDoubt, string>> = {
  cap: 'the API gives no more rows than these',
  count_disagrees: 'the API counts another number of rows than it gave',
  short_page: 'a page had fewer rows than asked for, and more followed',
  page_numbers: 'its pages are counted, and rows that move between them are never seen to; page by key if the API can',
};

/** What a certificate says against a scan; null where nothing does. */
export const scanWords = (scan: Scan | null): string | null =>
  scan === null || scan.kind === 'complete' ? null : `${scan.kind}: ${words[scan.because]}`;
