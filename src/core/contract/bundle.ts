import { z } from 'zod';
import { syncContract } from './sync-contract.ts';
import { systemContract } from './system-contract.ts';

/**
 * A sync with the two systems it joins, as the store hands it out in one piece.
 *
 * `version` names the contents of all three: it changes when any of them does, so a caller that holds one can
 * say which, and is sent the rest only when it is out of date.
 */
export const contractBundle = z.object({
  version: z.string().min(1),
  sync: syncContract,
  source: systemContract,
  target: systemContract,
});

export type ContractBundle = z.infer<typeof contractBundle>;
