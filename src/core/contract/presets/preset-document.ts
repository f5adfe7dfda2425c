import { z } from 'zod';
import { restEntityShape } from '../rest/entity.ts';
import { entityName, odataEntity, systemShape } from '../system-contract.ts';
import { presets } from './expand.ts';

const { madeFrom: _madeFrom, ...own } = systemShape;

const presetOf = (driver: string) =>
  z
    .enum(presets.filter(({ system }) => system['driver'] === driver).map(({ name }) => name))
    .describe('What is known of an API, to begin with');

/** A system contract as it is written where a preset fills it; only for editors. What it is filled to is checked. */
export const presetDocument = z.union([
  z.strictObject({
    ...own,
    preset: presetOf('rest'),
    driver: z.literal('rest').optional(),
    entities: z.record(entityName, restEntityShape.partial()),
  }),
  z.strictObject({
    ...own,
    preset: presetOf('odata'),
    driver: z.literal('odata').optional(),
    entities: z.record(entityName, odataEntity.partial()),
  }),
]);
