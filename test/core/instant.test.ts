import * as fc from 'fast-check';
import {
  compareInstants,
  formatInstant,
  type Instant,
  instantFromMs,
  instantToMs,
  parseInstant,
  shiftInstant,
  type TimestampFormat,
} from '../../src/core/instant.ts';

const MS_MIN = Date.parse('0000-01-01T00:00:00Z');
const MS_MAX = Date.parse('9999-12-31T23:59:59.999Z');
const anyMs = fc.integer({ min: MS_MIN, max: MS_MAX });

const at = (text: string): Instant => {
  const instant = parseInstant(text);
  if (instant === undefined) throw new Error(`Expected an instant: ${text}`);
  return instant;
};

describe('ISO 8601', () => {
  test.each([
    ['2026-11-21T09:32:00Z', '2026-11-21T09:32:00.000000000Z'],
    ['2026-11-21T09:32Z', '2026-11-21T09:32:00.000000000Z'],
    ['2026-11-21', '2026-11-21T00:00:00.000000000Z'],
    ['2026-11-21T09:32:00', '2026-11-21T09:32:00.000000000Z'],
    ['2026-11-21 09:32:00.5', '2026-11-21T09:32:00.500000000Z'],
    ['2026-11-21t09:32:00z', '2026-11-21T09:32:00.000000000Z'],
    [' 2026-11-21T09:32:00Z\n', '2026-11-21T09:32:00.000000000Z'],
    ['2026-11-21T09:32:00,25Z', '2026-11-21T09:32:00.250000000Z'],
    // 100 ns, as .NET writes them, and nanoseconds.
    ['2026-11-21T09:32:00.1234567Z', '2026-11-21T09:32:00.123456700Z'],
    ['2026-11-21T09:32:00.123456789Z', '2026-11-21T09:32:00.123456789Z'],
    ['2026-11-21T09:32:00.123456789999Z', '2026-11-21T09:32:00.123456789Z'],
    ['2026-11-21T09:32:00+01:00', '2026-11-21T08:32:00.000000000Z'],
    ['2026-11-21T09:32:00-0530', '2026-11-21T15:02:00.000000000Z'],
    ['2026-11-21T23:32:00-14:00', '2026-11-22T13:32:00.000000000Z'],
    // As PostgreSQL prints a timestamptz.
    ['2026-11-21 09:32:00.123+00', '2026-11-21T09:32:00.123000000Z'],
    ['2026-11-21 09:32:00-05', '2026-11-21T14:32:00.000000000Z'],
    ['2026-11-21T09:32:00 +01:00', '2026-11-21T08:32:00.000000000Z'],
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.000000000Z'],
    ['2000-02-29', '2000-02-29T00:00:00.000000000Z'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00.000000000Z'],
    ['2024-02-29T23:30:00-01:00', '2024-03-01T00:30:00.000000000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000000000Z'],
    ['1969-12-31T23:59:59.999999999Z', '1969-12-31T23:59:59.999999999Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000000Z'],
    ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000000000Z'],
    ['9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59.999999999Z'],
  ])('%p is %s', (text, instant) => {
    expect(parseInstant(text)).toBe(instant);
  });

  test('a time in UTC is the same whichever way it is read', () => {
    fc.assert(
      fc.property(anyMs, fc.stringMatching(/^(?:\.\d{1,9})?$/), (ms, fraction) => {
        const seconds = instantFromMs(ms).slice(0, 19);
        expect(parseInstant(`${seconds}${fraction}Z`)).toBe(parseInstant(`${seconds}${fraction}+00:00`));
      }),
    );
  });

  test.each([
    '',
    'now',
    '2026',
    '2026-11',
    '2026-13-01',
    '2026-00-01',
    '2026-11-00',
    '2026-11-31',
    '2026-02-29',
    '1900-02-29',
    '2026-11-21T24:00:00Z',
    '2026-11-21T09:60:00Z',
    '2026-11-21T09:32:61Z',
    '2026-11-21T09:32:00+24:00',
    '2026-11-21T09:32:00+01:60',
    '2026-11-21T09:32:00+1',
    '2026-11-21T09:32:00.Z',
    '2026-11-21T9:32:00Z',
    '20261121T093200Z',
    '21.11.2026',
    '/Date(1763717520000)/',
    '2026-11-21T09:32:00Z junk',
    '0000-00-00',
    // Outside the years of four digits, where text would no longer sort in time.
    '0000-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '9999-12-31T23:59:60Z',
    '+010000-01-01T00:00:00Z',
    '-000001-01-01T00:00:00Z',
  ])('%p is no instant', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  test.each([undefined, null, 1_763_717_520_000, true, {}, new Date(0)])('%p is no ISO text', (value) => {
    expect(parseInstant(value)).toBeUndefined();
  });
});

describe('counts since 1970', () => {
  test.each<[unknown, TimestampFormat, string]>([
    [0, 'epoch-ms', '1970-01-01T00:00:00.000000000Z'],
    [1_763_717_520_123, 'epoch-ms', '2025-11-21T09:32:00.123000000Z'],
    ['1763717520123', 'epoch-ms', '2025-11-21T09:32:00.123000000Z'],
    [-1, 'epoch-ms', '1969-12-31T23:59:59.999000000Z'],
    [1_763_717_520, 'epoch-s', '2025-11-21T09:32:00.000000000Z'],
    ['-86400', 'epoch-s', '1969-12-31T00:00:00.000000000Z'],
    [253_402_300_799, 'epoch-s', '9999-12-31T23:59:59.000000000Z'],
  ])('%p as %s is %s', (value, format, instant) => {
    expect(parseInstant(value, format)).toBe(instant);
  });

  test.each<[unknown, TimestampFormat]>([
    [1.5, 'epoch-ms'],
    ['1.5', 'epoch-s'],
    ['', 'epoch-ms'],
    ['0x10', 'epoch-ms'],
    ['2026-11-21', 'epoch-ms'],
    [Number.NaN, 'epoch-s'],
    [null, 'epoch-ms'],
    // Microseconds taken for milliseconds, and milliseconds for seconds.
    [999_999_999_999_999, 'epoch-ms'],
    [1_763_717_520_123, 'epoch-s'],
    [-999_999_999_999_999, 'epoch-ms'],
    [253_402_300_800, 'epoch-s'],
  ])('%p is no instant as %s', (value, format) => {
    expect(parseInstant(value, format)).toBeUndefined();
  });
});

test('every millisecond is written as Date writes it, and read back', () => {
  fc.assert(
    fc.property(anyMs, (ms) => {
      const text = new Date(ms).toISOString();
      const instant = instantFromMs(ms);
      expect(instant).toBe(`${text.slice(0, -1)}000000Z`);
      expect(parseInstant(text)).toBe(instant);
      expect(parseInstant(instant)).toBe(instant);
      expect(instantToMs(instant)).toBe(ms);
      expect(formatInstant(instant, 'iso')).toBe(text);
      expect(parseInstant(formatInstant(instant, 'epoch-ms'), 'epoch-ms')).toBe(instant);
    }),
    { numRuns: 1000 },
  );
});

test('an offset is taken off as Date takes it off', () => {
  fc.assert(
    fc.property(anyMs, fc.integer({ min: -14 * 60, max: 14 * 60 }), (ms, minutes) => {
      const local = new Date(ms).toISOString().slice(0, -1);
      const digits = [Math.abs(minutes) / 60, Math.abs(minutes) % 60].map((part) =>
        String(Math.floor(part)).padStart(2, '0'),
      );
      const text = `${local}${minutes < 0 ? '-' : '+'}${digits.join(':')}`;
      const utcMs = Date.parse(text);
      const isInRange = utcMs >= MS_MIN && utcMs <= MS_MAX;
      expect(parseInstant(text)).toBe(isInRange ? instantFromMs(utcMs) : undefined);
    }),
  );
});

test('the order of instants as text is their order in time, down to the nanosecond', () => {
  const one = fc.tuple(anyMs, fc.integer({ min: 0, max: 999_999 }));
  const instantOf = ([ms, nanos]: readonly [number, number]): Instant =>
    at(`${new Date(ms).toISOString().slice(0, -1)}${String(nanos).padStart(6, '0')}Z`);
  fc.assert(
    fc.property(one, one, (a, b) => {
      const inTime = a[0] === b[0] ? Math.sign(a[1] - b[1]) : Math.sign(a[0] - b[0]);
      expect(compareInstants(instantOf(a), instantOf(b))).toBe(inTime);
    }),
  );
});

test('every instant has thirty characters, as the database demands', () => {
  fc.assert(
    fc.property(anyMs, fc.integer({ min: -1e15, max: 1e15 }), (ms, shiftMs) => {
      expect(shiftInstant(instantFromMs(ms), shiftMs)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    }),
  );
});

describe('shifting', () => {
  test('keeps the nanoseconds, and goes back over 1970', () => {
    expect(shiftInstant(at('2026-11-21T00:00:00.123456789Z'), -60_000)).toBe('2026-11-20T23:59:00.123456789Z');
    expect(shiftInstant(at('1970-01-01T00:00:00.000000001Z'), -1)).toBe('1969-12-31T23:59:59.999000001Z');
  });

  test('there and back is where it was', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e13, max: 1e14 }), fc.integer({ min: -1e12, max: 1e12 }), (ms, byMs) => {
        expect(shiftInstant(shiftInstant(instantFromMs(ms), byMs), -byMs)).toBe(instantFromMs(ms));
      }),
    );
  });

  test('ends at the first and the last instant there is', () => {
    expect(shiftInstant(at('0000-01-01T00:01:00Z'), -61_000)).toBe('0000-01-01T00:00:00.000000000Z');
    expect(shiftInstant(at('9999-12-31T23:59:59Z'), 1000)).toBe('9999-12-31T23:59:59.999999999Z');
    expect(instantFromMs(MS_MAX + 1)).toBe('9999-12-31T23:59:59.999999999Z');
    expect(instantFromMs(8.64e15)).toBe('9999-12-31T23:59:59.999999999Z');
  });
});

describe('writing for a filter', () => {
  test.each<[string, TimestampFormat, string]>([
    ['2026-11-21T09:32:00.123999999Z', 'iso', '2026-11-21T09:32:00.123Z'],
    ['2025-11-21T09:32:00.123999999Z', 'epoch-ms', '1763717520123'],
    ['2025-11-21T09:32:00.999999999Z', 'epoch-s', '1763717520'],
    ['1969-12-31T23:59:59.999999999Z', 'iso', '1969-12-31T23:59:59.999Z'],
    ['1969-12-31T23:59:59.999999999Z', 'epoch-ms', '-1'],
    ['1969-12-31T23:59:59.000000001Z', 'epoch-ms', '-1000'],
    ['1969-12-31T23:59:58.500000000Z', 'epoch-s', '-2'],
  ])('%s as %s is %s', (instant, format, text) => {
    expect(formatInstant(at(instant), format)).toBe(text);
  });

  test('is never later than the instant', () => {
    const formats: readonly TimestampFormat[] = ['iso', 'epoch-ms', 'epoch-s'];
    fc.assert(
      fc.property(anyMs, fc.integer({ min: 0, max: 999_999 }), fc.constantFrom(...formats), (ms, nanos, format) => {
        const instant = at(`${new Date(ms).toISOString().slice(0, -1)}${String(nanos).padStart(6, '0')}Z`);
        const back = parseInstant(formatInstant(instant, format), format);
        expect(back).toBeDefined();
        expect(back === undefined || back <= instant).toBe(true);
        expect(instantToMs(instant) - instantToMs(back ?? instant)).toBeLessThan(format === 'epoch-s' ? 1000 : 1);
      }),
    );
  });
});

describe('a sequence', () => {
  const anySequence = fc.integer({ min: 0, max: 999_999_999 });

  test('its instants sort, compare and come back as its numbers do', () => {
    fc.assert(
      fc.property(anySequence, anySequence, (a, b) => {
        const [one, other] = [parseInstant(a, 'sequence'), parseInstant(String(b), 'sequence')];
        if (one === undefined || other === undefined) throw new Error('No instant');
        expect(formatInstant(one, 'sequence')).toBe(String(a));
        expect(compareInstants(one, other)).toBe(Math.sign(a - b));
      }),
    );
  });

  test('no step back leads below 0', () => {
    expect(formatInstant(shiftInstant(at('1970-01-01T00:00:05Z'), -60_000), 'sequence')).toBe('0');
  });

  test.each([-1, 1_000_000_000, 1.5, '12-g1AAAA', '', null])('%p is none', (value) => {
    expect(parseInstant(value, 'sequence')).toBeUndefined();
  });
});
