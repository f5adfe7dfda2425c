import { parseArgs } from 'node:util';
import { z } from 'zod';

const RECORDS_MAX = 1_000_000;
const PAGE_SIZE_MAX = 100_000;

const erpOptionsSchema = z.object({
  /** How many customers there are at the start; a tenth as many orders. */
  records: z.coerce.number().int().min(0).max(RECORDS_MAX).default(5_000),
  seed: z.coerce.number().int().min(0).default(1),
  /** 0 lets the operating system choose. */
  port: z.coerce.number().int().min(0).max(65_535).default(0),
  /** `reliable`: `@odata.nextLink` holds the last key. `offset`: it holds a row number, and loses rows on a moving table. */
  paging: z.enum(['reliable', 'offset']).default('reliable'),
  /** The server's own page limit, whatever `$top` says. */
  maxPage: z.coerce.number().int().min(1).max(PAGE_SIZE_MAX).default(1_000),
  /** The instant before which all seeded changes lie; the same seed and instant give the same bytes. */
  seededUntilAt: z.iso.datetime().optional(),
});

export type ErpOptions = z.infer<typeof erpOptionsSchema>;

/** @throws on an option that is unknown or out of range */
export const parseErpOptions = (args: readonly string[]): ErpOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: 'string' },
      seed: { type: 'string' },
      port: { type: 'string' },
      paging: { type: 'string' },
      'max-page': { type: 'string' },
      'seeded-until': { type: 'string' },
    },
  });
  const { 'max-page': maxPage, 'seeded-until': seededUntilAt, ...rest } = values;
  return erpOptionsSchema.parse({ ...rest, maxPage, seededUntilAt });
};
