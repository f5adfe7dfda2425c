import { z } from 'zod';
import { presetDocument } from './presets/preset-document.ts';
import { syncContract } from './sync-contract.ts';
import { systemContract } from './system-contract.ts';

/** The JSON Schema of a kind of contract, for an editor to complete and check it while it is written. */
export const contractJsonSchema = (kind: 'system' | 'sync'): Record<string, unknown> => ({
  ...z.toJSONSchema(kind === 'system' ? z.union([systemContract, presetDocument]) : syncContract, {
    io: 'input',
    target: 'draft-7',
    // An entity is in there twice, as a whole and as a preset leaves it open.
    ...(kind === 'system' ? { reused: 'ref' } : {}),
  }),
  title: kind === 'system' ? 'Tidemark system contract' : 'Tidemark sync contract',
});
