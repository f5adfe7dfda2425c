import { z } from 'zod';
import { syncContract } from './sync-contract.ts';
import { systemContract } from './system-contract.ts';

/** The JSON Schema of a kind of contract, for an editor to complete and check it while it is written. */
export const contractJsonSchema = (kind: 'system' | 'sync'): Record<string, unknown> => ({
  ...z.toJSONSchema(kind === 'system' ? systemContract : syncContract, { io: 'input', target: 'draft-7' }),
  title: kind === 'system' ? 'Tidemark system contract' : 'Tidemark sync contract',
});
