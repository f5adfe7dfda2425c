import { z } from 'zod';
import { restEntityShape } from '../rest/entity.ts';
import { entityName, systemShape } from '../system-contract.ts';
import { presets } from './expand.ts';

const { madeFrom: _madeFrom, ...own } = systemShape;

/** A system contract as it is written where a preset fills it; only for editors. What it is filled to is checked. */
export const presetDocument = z.strictObject({
  ...own,
  preset: z.enum(presets.map(({ name }) => name)).describe('What is known of an API, to begin with'),
  driver: z.literal('rest').optional(),
  entities: z.record(entityName, restEntityShape.partial()),
});
