import { z } from 'zod';
import { fieldPath } from './name.ts';

const PAGE_SIZE_MAX = 5000;
const FIND_BATCH_MAX = 200;

/** What every driver needs of an entity. */
export const entityShape = {
  idField: fieldPath.describe("Path of the record's immutable ID"),
  updatedAtField: fieldPath.describe('Path of the time of the last change'),
  timestamp: z
    .enum(['iso', 'iso-s', 'sql-s', 'epoch-ms', 'epoch-s', 'sequence'])
    .default('iso')
    .describe('How the API writes its timestamps'),
  pageSize: z.int().min(1).max(PAGE_SIZE_MAX).default(500).describe('Records asked for in one page'),
  findBatchMax: z.int().min(1).max(FIND_BATCH_MAX).default(50).describe('Most keys looked up in one request'),
};
