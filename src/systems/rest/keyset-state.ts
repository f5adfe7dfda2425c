import { z } from 'zod';
import type { TimestampFormat } from '../../core/instant.ts';
import { instantFromMs, shiftInstant } from '../../core/instant.ts';
import { valueAt } from '../../core/json.ts';
import { instantText } from '../../core/read/checkpoint.ts';
import type { PageRequest, SystemRecord } from '../../core/system/entity-driver.ts';
import { scalarText } from '../row-reader.ts';
import type { Bindings } from './fill-template.ts';
import { edgeSchema, NO_EDGE } from './keyset-edge.ts';
import { pageBindings, type RestReading } from './rest-reading.ts';

/** Where a sweep by key is: the content of its token. */
export const keysetState = z.strictObject({
  style: z.literal('keyset'),
  /** Makes the tokens of a sweep differ, also where a page brought nothing new. */
  step: z.int(),
  /** `page` reads on; `past` reads on behind a tie; `tie` walks a tie by ID; `probe` learns how wide a page can be. */
  mode: z.enum(['page', 'past', 'tie', 'probe']),
  /** Where the sweep began. */
  since: instantText.nullable(),
  /** Update time of the last row read; null before the first. */
  at: instantText.nullable(),
  /** The rows read at that time. */
  edge: edgeSchema,
  /** The last ID read inside a tie that is walked by ID. */
  afterId: z.string(),
  /** Rows asked for. */
  size: z.int(),
  /** The most rows that one page of this sweep had. */
  widest: z.int(),
  /** Rows of the last page, when it brought nothing new. */
  stuck: z.int(),
  /** Pages of one tie, too wide to list, that differed from the page before: new rows, or no order inside the tie. */
  again: z.int().default(0),
  /** Some time had digits that a filter cannot carry: behind a tie, rows of the same millisecond would be skipped. */
  isFine: z.boolean(),
});
export type KeysetState = z.infer<typeof keysetState>;

export const beginKeyset = ({ since, pageSize }: PageRequest): KeysetState => ({
  style: 'keyset',
  step: 0,
  mode: 'page',
  since,
  at: null,
  edge: NO_EDGE,
  afterId: '',
  size: pageSize,
  widest: 0,
  stuck: 0,
  again: 0,
  isFine: false,
});

/** The smallest step that a filter on the update time can make. */
const UNIT_MS: Readonly<Record<TimestampFormat, number>> = {
  iso: 1,
  'iso-s': 1000,
  'sql-s': 1000,
  'epoch-ms': 1,
  'epoch-s': 1000,
  sequence: 1000,
};

const unitMs = ({ entity }: RestReading): number => UNIT_MS[entity.sinceAs ?? entity.timestamp];

/** True for an update time with digits that a filter cannot carry. */
export const isFinerThanFilter = (reading: RestReading, { body, updatedAt }: SystemRecord): boolean =>
  !updatedAt.endsWith(unitMs(reading) === 1000 ? '000000000Z' : '000000Z') ||
  /\.\d{4,}/.test(scalarText(valueAt(body, reading.entity.updatedAtField)) ?? '');

/** What asks for the next rows of a sweep. */
export const keysetBindings = (reading: RestReading, state: KeysetState): Bindings => {
  const { mode, since, at, size } = state;
  const from = at ?? since;
  switch (mode) {
    case 'page':
      return pageBindings(reading, from, size);
    case 'past':
      return pageBindings(reading, from === null ? null : shiftInstant(from, unitMs(reading)), size);
    case 'tie':
      return { ...pageBindings(reading, from, size), afterId: state.afterId };
    case 'probe':
      return pageBindings(reading, instantFromMs(0), size);
  }
};
