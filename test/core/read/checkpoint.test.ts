import {
  type Checkpoint,
  type Cursor,
  furthest,
  instantText,
  streamStart,
  sweepStart,
} from '../../../src/core/read/checkpoint.ts';

const at = (text: string) => instantText.parse(text);
const cursor = (text: string, id = 'a'): Cursor => ({ updatedAt: at(text), id });

const stored = (fetched: Omit<Checkpoint['fetched'], 'sweep'>, startAt: Checkpoint['startAt'] = null): Checkpoint => ({
  version: 3,
  startAt,
  fetched: { ...fetched, sweep: null },
  committed: null,
});

const again = (overlapSeconds: number, resolutionSeconds = 0) => ({ overlapSeconds, resolutionSeconds });

describe('where a sweep starts', () => {
  const mark = cursor('2026-11-21T12:00:00.123456789Z');

  test('an unfinished one goes on at its token, whatever the mark and the overlap', () => {
    expect(sweepStart(stored({ cursor: mark, token: 't1', begunAt: null }), again(60))).toEqual({
      kind: 'continue',
      token: 't1',
    });
    expect(sweepStart(stored({ cursor: null, token: 't1', begunAt: null }, at('2026-01-01')), again(0))).toEqual({
      kind: 'continue',
      token: 't1',
    });
  });

  test.each([
    ['at the beginning of the source', null, null],
    ['at the start of the stream', at('2026-11-01'), '2026-11-01T00:00:00.000000000Z'],
  ])('the first one begins %s', (_where, startAt, since) => {
    expect(sweepStart(stored({ cursor: null, token: null, begunAt: null }, startAt), again(60))).toEqual({
      kind: 'begin',
      since,
    });
  });

  test.each([
    ['the mark less the overlap', null, 60, '2026-11-21T11:59:00.123456789Z'],
    ['the mark itself without an overlap', null, 0, '2026-11-21T12:00:00.123456789Z'],
    [
      'the start of the stream, when the overlap reaches before it',
      at('2026-11-21T11:59:30Z'),
      60,
      '2026-11-21T11:59:30.000000000Z',
    ],
    [
      'the mark less the overlap, when that is at the start',
      at('2026-11-21T11:59:00.123456789Z'),
      60,
      '2026-11-21T11:59:00.123456789Z',
    ],
    ['the mark less the overlap, when the start is long past', at('2026-11-20'), 60, '2026-11-21T11:59:00.123456789Z'],
  ])('a later one begins at %s', (_where, startAt, overlapSeconds, since) => {
    expect(sweepStart(stored({ cursor: mark, token: null, begunAt: null }, startAt), again(overlapSeconds))).toEqual({
      kind: 'begin',
      since,
    });
  });

  test.each([
    [
      'its own beginning less the overlap, when it took so long that the mark is later',
      '11:30:00',
      '11:29:00.000000000',
    ],
    ['the mark less the overlap, when it began after the mark', '12:30:00', '11:59:00.123456789'],
  ])('one after a finished sweep begins at %s', (_where, begun, since) => {
    const begunAt = at(`2026-11-21T${begun}Z`);
    expect(sweepStart(stored({ cursor: mark, token: null, begunAt }), again(60))).toEqual({
      kind: 'begin',
      since: `2026-11-21T${since}Z`,
    });
  });

  test.each([
    [1, '11:58:59.123456789'],
    [60, '11:58:00.123456789'],
    [0.001, '11:59:00.122456789'],
  ])('one over times in steps of %d s begins that much earlier', (resolutionSeconds, since) => {
    const start = sweepStart(stored({ cursor: mark, token: null, begunAt: null }), again(60, resolutionSeconds));
    expect(start).toEqual({ kind: 'begin', since: `2026-11-21T${since}Z` });
  });

  test('one over the oldest record there can be begins at the first instant', () => {
    expect(
      sweepStart(stored({ cursor: cursor('0000-01-01T00:00:10Z'), token: null, begunAt: null }), again(60)),
    ).toEqual({
      kind: 'begin',
      since: '0000-01-01T00:00:00.000000000Z',
    });
  });
});

describe('the further of two cursors', () => {
  const early = cursor('2026-11-21T12:00:00Z', 'z');
  const late = cursor('2026-11-21T12:00:00.0000001Z', 'a');

  test.each<[string, Cursor | null, Cursor | null, Cursor | null]>([
    ['nothing and nothing', null, null, null],
    ['nothing and one', null, early, early],
    ['one and nothing', early, null, early],
    ['the later by 100 ns, whatever its ID', early, late, late],
    ['the same, the other way round', late, early, late],
    ['the greater ID at one time', cursor('2026-11-21', 'b'), cursor('2026-11-21', 'c'), cursor('2026-11-21', 'c')],
    ['IDs as text, not as numbers', cursor('2026-11-21', '10'), cursor('2026-11-21', '9'), cursor('2026-11-21', '9')],
  ])('%s', (_what, a, b, further) => {
    expect(furthest(a, b)).toEqual(further);
  });
});

test('an instant of the wire is any ISO text, in the one form afterwards', () => {
  expect(instantText.parse('2026-11-21T10:00:00+01:00')).toBe('2026-11-21T09:00:00.000000000Z');
  const wrong = ['yesterday', '', 1_763_717_520_000, null];
  expect(wrong.filter((value) => instantText.safeParse(value).success)).toEqual([]);
});

test('a stream starts now, at the beginning, or at a time', () => {
  expect(streamStart.parse({ kind: 'at', at: '2026-11-21' })).toEqual({
    kind: 'at',
    at: '2026-11-21T00:00:00.000000000Z',
  });
  for (const wrong of [{ kind: 'at' }, { kind: 'at', at: 'soon' }, { kind: 'later' }, {}]) {
    expect(streamStart.safeParse(wrong).success).toBe(false);
  }
});
