import { z } from 'zod';
import { FAULT_KINDS } from './faults.ts';

const SHARES_SUM_MAX = 1;
const shareSchema = z.number().min(0).max(1);

/** The share of requests that each fault strikes; together at most all of them. */
const sharesSchema = z
  .partialRecord(z.enum(FAULT_KINDS), shareSchema)
  .refine((shares) => Object.values(shares).reduce((sum, share) => sum + share, 0) <= SHARES_SUM_MAX, {
    message: 'the shares add up to more than 1',
  });

export const faultPlanSchema = z.object({
  /** GET, HEAD and OPTIONS. */
  reads: sharesSchema.default({}),
  /** Every other method. */
  writes: sharesSchema.default({}),
  /**
   * After this many faults in a row on one method and URL the next request passes: whoever tries again often
   * enough gets through, so that a run ends. A slow reply counts as passed.
   */
  consecutiveMax: z.number().int().min(0).default(2),
  slowMs: z.number().int().min(0).default(200),
  /** Choose it beyond the client's own time-out. */
  hangMs: z.number().int().min(0).default(60_000),
  retryAfterSeconds: z.number().int().min(0).default(1),
});

export type FaultPlan = z.output<typeof faultPlanSchema>;
export type FaultPlanInput = z.input<typeof faultPlanSchema>;
