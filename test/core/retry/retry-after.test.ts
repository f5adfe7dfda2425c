import * as fc from 'fast-check';
import { parseHttpDate } from '../../../src/core/retry/http-date.ts';
import { askedWaitMs, retryAfterMs } from '../../../src/core/retry/retry-after.ts';
import { parseStructuredList } from '../../../src/core/retry/structured-list.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const answer = (headers: Readonly<Record<string, string | undefined>>, body?: string) => ({
  header: (name: string) => headers[name] ?? null,
  nowMs: NOW_MS,
  body,
});
const wait = (headers: Readonly<Record<string, string>>) => askedWaitMs(answer(headers));

describe('Retry-After', () => {
  test.each([
    ['7', 7000],
    [' 7 ', 7000],
    ['2.5', 2500],
    ['0', 0],
    ['Sun, 01 Mar 2026 12:01:30 GMT', 90_000],
    ['Sunday, 01-Mar-26 12:01:30 GMT', 90_000],
    ['Sun Mar  1 12:01:30 2026', 90_000],
    ['Sun, 01 Mar 2026 11:59:00 GMT', -60_000],
  ])('%s asks for %i ms', (value, ms) => {
    expect(wait({ 'retry-after': value })).toBe(ms);
  });

  test.each(['-5', '', 'soon', 'foo 7', '7 s', '1e3', '0x10', '2026-03-01', 'Sun, 31 Feb 2026 12:00:00 GMT', '٧'])(
    '%p is no time, and the next place is asked',
    (value) => {
      expect(wait({ 'retry-after': value })).toBeUndefined();
      expect(wait({ 'retry-after': value, 'x-ratelimit-reset': '9' })).toBe(9000);
    },
  );

  test('a date is read by the clock of the system that wrote it', () => {
    const headers = { date: 'Sun, 01 Mar 2026 10:00:00 GMT', 'retry-after': 'Sun, 01 Mar 2026 10:00:20 GMT' };
    expect(wait(headers)).toBe(20_000);
    expect(wait({ ...headers, date: 'yesterday' })).toBe(Date.parse('2026-03-01T10:00:20Z') - NOW_MS);
  });
});

describe('RateLimit', () => {
  test.each([
    ['"default";r=0;t=58', null, 58_000],
    ['"burst";r=0;t=5, "daily";r=0;t=600', null, 600_000],
    ['"burst";r=0;t=5,"daily";r=900;t=50000', null, 5000],
    ['"burst";r=3;t=5,"daily";r=900;t=50000', null, 5000],
    ['"default";r=0', '"default";q=100;w=30', 30_000],
    ['"default";r=0', '"other";q=100;w=30', undefined],
    ['"default";r=0;pk=:dGVuYW50:;t=4', null, 4000],
    ['"a;r=9\\"";r=0;t=4', null, 4000],
    ['default;r=0;t=4', null, 4000],
    ['limit=100, remaining=0, reset=58', null, 58_000],
    ['"default";r=0;t=-3', null, undefined],
    ['"default";r=0;t=soon', null, undefined],
    ['"default;r=0;t=5', null, undefined],
    ['', null, undefined],
  ])('%s with policy %s asks for %p ms', (rateLimit, policy, ms) => {
    expect(wait({ ratelimit: rateLimit, ...(policy === null ? {} : { 'ratelimit-policy': policy }) })).toBe(ms);
  });

  test('gives way to Retry-After', () => {
    expect(wait({ 'retry-after': '3', ratelimit: '"default";r=0;t=58' })).toBe(3000);
  });
});

describe('reset headers', () => {
  test.each([
    ['ratelimit-reset', '12', 12_000],
    ['x-ratelimit-reset', '12', 12_000],
    ['x-ratelimit-reset', String(NOW_MS / 1000 + 20), 20_000],
    ['x-ratelimit-reset', `${NOW_MS / 1000 + 20}.5`, 20_500],
    ['x-ratelimit-reset', String(NOW_MS + 20_000), 20_000],
    ['x-ratelimit-reset', '2026-03-01T12:00:20Z', 20_000],
    ['x-rate-limit-reset', '12', 12_000],
    ['x-ratelimit-reset-after', '0.25', 250],
    ['x-ratelimit-reset', '-12', undefined],
    ['x-ratelimit-reset', 'never', undefined],
  ])('%s: %s asks for %p ms', (name, value, ms) => {
    expect(wait({ [name]: value })).toBe(ms);
  });

  test('one that cannot be read does not hide the next', () => {
    expect(wait({ 'ratelimit-reset': 'later', 'x-ratelimit-reset': '3' })).toBe(3000);
  });
});

const anyHeader = fc.oneof(
  fc.string({ unit: 'binary-ascii' }),
  fc.integer().map(String),
  fc.double().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 80n }).map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  fc.constantFrom('"a";r=0;t=999999999999999', 'reset=999999999999999', '"a";r=0;t=0.001', '"a";r=?0;t=?1'),
);

test('whatever the headers say, the wait is a number within 1 s and 15 min', () => {
  const names = ['retry-after', 'ratelimit', 'ratelimit-policy', 'ratelimit-reset', 'x-ratelimit-reset', 'date'];
  const headers = fc.record(Object.fromEntries(names.map((name) => [name, anyHeader])), { requiredKeys: [] });
  fc.assert(
    fc.property(headers, (some) => {
      const ms = retryAfterMs(answer(some));
      expect(ms).toBeGreaterThanOrEqual(1000);
      expect(ms).toBeLessThanOrEqual(900_000);
    }),
    { numRuns: 2000 },
  );
});

test('every wait up to 15 min comes out as it was asked for, in each form', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 900 }), (seconds) => {
      const at = NOW_MS + seconds * 1000;
      for (const headers of [
        { 'retry-after': String(seconds) },
        { 'retry-after': new Date(at).toUTCString() },
        { ratelimit: `"p";r=0;t=${seconds}` },
        { ratelimit: '"p";r=0', 'ratelimit-policy': `"p";q=10;w=${seconds}` },
        { 'x-ratelimit-reset': String(seconds) },
        { 'x-ratelimit-reset': String(at / 1000) },
        { 'x-ratelimit-reset': String(at) },
      ]) {
        expect(retryAfterMs(answer(headers))).toBe(seconds * 1000);
      }
    }),
  );
});

test('every instant that HTTP can write is read back to the second', () => {
  const min = new Date('1977-01-01T00:00:00Z');
  const max = new Date('2075-12-31T23:59:59Z');
  fc.assert(
    fc.property(fc.date({ min, max, noInvalidDate: true }), (date) => {
      const ms = Math.floor(date.getTime() / 1000) * 1000;
      const [weekday = '', day = '', month = '', year = '', time = ''] = date.toUTCString().split(/,? /);
      const long = { Sun: 'Sunday', Mon: 'Monday', Tue: 'Tuesday', Wed: 'Wednesday', Thu: 'Thursday', Fri: 'Friday' };
      const name = Object.entries(long).find(([short]) => short === weekday)?.[1] ?? 'Saturday';
      expect(parseHttpDate(date.toUTCString(), NOW_MS)).toBe(ms);
      expect(parseHttpDate(`${name}, ${day}-${month}-${year.slice(2)} ${time} GMT`, NOW_MS)).toBe(ms);
      expect(parseHttpDate(`${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`, NOW_MS)).toBe(ms);
    }),
  );
});

test('a list of structured fields is read whole or not at all', () => {
  expect(parseStructuredList('"a\\"b";x;y=?0;z=1.5, tok;k=:AQ==:')).toEqual([
    {
      value: 'a"b',
      parameters: new Map<string, unknown>([
        ['x', true],
        ['y', false],
        ['z', 1.5],
      ]),
    },
    { value: 'tok', parameters: new Map([['k', ':AQ==:']]) },
  ]);
  for (const broken of ['a,', 'a b', '"a', 'a;', 'a;=1', 'a;X=1', '1.', '(a b)', '1234567890123456', '"\u00e9"']) {
    expect(parseStructuredList(broken)).toBeUndefined();
  }
  expect(parseStructuredList(`"${'a'.repeat(5000)}"`)).toBeUndefined();
});
