import { duration, instantAfter } from '../../src/cli/option-parsers.ts';
import { table } from '../../src/cli/output.ts';

test('columns stand under their headings', () => {
  expect(
    table(
      ['NAME', 'N'],
      [
        ['a', 10],
        ['longer', null],
      ],
    ),
  ).toBe('NAME    N\na       10\nlonger  -');
});

test('text of others cannot steer the terminal', () => {
  const shown = table(['REASON'], [['\u001b[2Jgone\u009b\u202egnp\r\nnext']]);
  expect(shown).toBe('REASON\n?[2Jgone??gnp??next');
});

test.each([
  ['12h', 12],
  ['90d', 90 * 24],
  ['4w', 28 * 24],
])('%s is %d hours', (text, hours) => {
  expect(duration(text)).toBe(hours * 3_600_000);
});

test.each(['', '90', 'd', '0d', '-1d', '1.5d', '90 d', '99999w', '1y'])('%p is no length of time', (text) => {
  expect(() => duration(text)).toThrow('such as 12h, 90d or 4w');
});

test('a key without a length of time does not expire', () => {
  expect(instantAfter(undefined, 0)).toBeNull();
  expect(instantAfter(1000, 0)).toBe('1970-01-01T00:00:01.000000000Z');
});
