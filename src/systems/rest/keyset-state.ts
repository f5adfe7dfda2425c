import { z } from 'zod';
import type { TimestampFormat } from '../../core/instant.ts';
import { formatInstant, instantFromMs, shiftInstant } from '../../core/instant.ts';
import { instantText } from '../../core/read/checkpoint.ts';
import type { PageRequest } from '../../core/system/entity-driver.ts';
import { edgeSchema, NO_EDGE } from './keyset-edge.ts';
import { pageQuery, type Query, type RestReading } from './rest-reading.ts';

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
const UNIT_MS: Readonly<Record<TimestampFormat, number>> = { iso: 1, 'epoch-ms': 1, 'epoch-s': 1000 };

/** The query parameters that ask for the next rows of a sweep. */
export const keysetQuery = (reading: RestReading, state: KeysetState): Query => {
  const { timestamp, paging } = reading.entity;
  const { mode, since, at, size } = state;
  const from = at ?? since;
  const ask = (instant: typeof from): Query =>
    pageQuery(reading, instant === null ? null : formatInstant(instant, timestamp), size);
  switch (mode) {
    case 'page':
      return ask(from);
    case 'past':
      return ask(from === null ? null : shiftInstant(from, UNIT_MS[timestamp]));
    case 'tie': {
      const param = paging.style === 'keyset' ? paging.afterIdParam : undefined;
      return param === undefined ? ask(from) : [...ask(from), [param, state.afterId]];
    }
    case 'probe':
      return ask(instantFromMs(0));
  }
};
