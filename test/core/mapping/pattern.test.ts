import { compilePattern } from '../../../src/core/mapping/pattern.ts';

const isCompiled = (text: string): boolean => compilePattern(text).kind === 'compiled';

test.each([
  '(a+)+',
  '((a+))+',
  '(?:a+)*b',
  '(a*)*',
  '(?:a{2,})*',
  '(?:a?){30}a{30}',
  '(?:a|a)*',
  '(?:a|b|ab)*c',
  '(?:\\w|\\d)+',
  '(?:(?:(?:a{2,3}){2,3}){2,3}){2,3}',
  '([)]+)+',
  '(?<name>a+)+',
  '\\d*\\d*\\d*\\d*x',
  '.*.*.*.*.*',
  '(a)\\1',
  '\\\\(a)\\1',
  '(?<x>a)\\k<x>',
])('%s could take exponential time', (text) => {
  expect(compilePattern(text)).toEqual({ kind: 'refused', reason: 'could take exponential time' });
});

test.each(['[', '(', 'a)|(b', 'a{2,1}', '\\', '*', '\\p{Nothing}', '(?<a>x)(?<a>y)'])(
  '%s is no regular expression',
  (text) => {
    expect(compilePattern(text)).toEqual({
      kind: 'refused',
      reason: expect.stringMatching(/^is not a regular expression: /),
    });
  },
);

test.each<[string, string, string]>([
  ['[A-Z]{2}', 'DE', 'DEU'],
  ['[^@\\s]+@[^@\\s]+\\.[^@\\s]+', 'ada@example.com', 'ada@example'],
  ['[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', '0d5b7c5e-4f0a-4d2e-8a55-0c8d8a3f6f10', '0d5b7c5e'],
  ['(?:\\d{3}-){2}\\d{4}', '555-123-4567', '555-1234567'],
  ['\\+?[\\d\\s()-]{5,20}', '+44 (20) 7946', 'phone'],
  ['DE|AT|CH', 'AT', 'ATCH'],
  ['(?:https?):\\/\\/[^\\s\\/]+(?:\\/\\S*)?', 'https://a.example/b', 'ftp://a'],
  ['[A-Z]{2}\\d{2}[A-Z0-9]{1,30}', 'GB82WEST12345698765432', 'GB82'],
  ["\\p{L}[\\p{L} .'-]*", 'Ada Lovelace', '1Ada'],
  ['[(+*)]+', '(+)', 'a'],
  ['[\\]+]+', ']+', 'a'],
  ['\\(a+\\)+', '(aa))', 'aa'],
  ['\\\\1', '\\1', '1'],
  ['\\u{1F600}', '\u{1F600}', 'u'],
  ['(?<year>\\d{4})-\\d\\d', '2026-11', '26-11'],
  ['(?!0)\\d+', '10', '01'],
  ['', '', 'a'],
  ['^a$', 'a', 'ba'],
])('%s matches the whole of "%s" and not "%s"', (text, matching, other) => {
  const compiled = compilePattern(text);
  expect(compiled.kind === 'compiled' && [compiled.pattern.test(matching), compiled.pattern.test(other)]).toEqual([
    true,
    false,
  ]);
});

test('a pattern that is let through fails a thousand hostile characters within ten seconds', () => {
  // The most that three repetitions, and the most that short ambiguous ones, may cost.
  const slowest = ['\\d*\\d*\\d*x', '(?:1?){20}1{20}', '(?:1|1){19}x', '[^@\\s]+@[^@\\s]+\\.[^@\\s]+'];
  for (const text of slowest) {
    const compiled = compilePattern(text);
    if (compiled.kind === 'refused') throw new Error(`Expected ${text} to be let through`);
    const begun = performance.now();
    for (const hostile of ['1'.repeat(1000), `${'1'.repeat(40)}!`, '@'.repeat(1000), `a@${'a.'.repeat(499)}`]) {
      compiled.pattern.test(hostile);
    }
    expect(performance.now() - begun).toBeLessThan(10_000);
  }
});

test('a pattern of 500 characters is judged at once, whatever it nests', () => {
  const begun = performance.now();
  expect(isCompiled(`${'('.repeat(250)}${')'.repeat(250)}`)).toBe(true);
  expect(isCompiled(`${'(?:'.repeat(100)}a*${')*'.repeat(100)}`)).toBe(false);
  expect(isCompiled('\\a'.repeat(250))).toBe(false);
  expect(isCompiled(`${'\\\\'.repeat(249)}\\1`)).toBe(false);
  expect(isCompiled('(?:a{9999999}){99999999}b{0,99999999}')).toBe(true);
  expect(performance.now() - begun).toBeLessThan(5000);
});
