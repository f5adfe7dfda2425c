import type { JsonObject, JsonValue } from '../../../src/core/json.ts';
import { compileExpression } from '../../../src/core/mapping/expression.ts';

const evaluate = (text: string, record: JsonObject = {}): Promise<JsonValue | undefined> => {
  const compiled = compileExpression(text);
  if (compiled.kind === 'refused') throw new Error(compiled.reason);
  return compiled.expression.evaluate(record);
};

const record: JsonObject = {
  name: 'Ada',
  tags: ['x', 'y'],
  lines: [
    { n: 1, price: 2.5 },
    { n: 2, price: 10 },
  ],
  none: null,
  address: { city: 'London' },
};

test.each<[string, JsonValue | undefined]>([
  ['name', 'Ada'],
  ['name & " of " & address.city', 'Ada of London'],
  ['$sum(lines.(n * price))', 22.5],
  ['lines[0].price', 2.5],
  ['lines.price', [2.5, 10]],
  ['tags[]', ['x', 'y']],
  ['{ "a": lines.n }', { a: [1, 2] }],
  ['none', null],
  ['missing', undefined],
  ['missing.deeper', undefined],
  ['function($x) { $x }', undefined],
  ['lines.( %.name )', ['Ada', 'Ada']],
  ['"$now()"', '$now()'],
  ['$toMillis("1970-01-02")', 86_400_000],
])('%s is %j', async (text, value) => {
  expect(await evaluate(text, record)).toEqual(value);
});

test.each(['constructor', '__proto__', 'name.length', 'tags.length', 'address.toString', '$lookup($, "constructor")'])(
  '%s, which every object has, is no value of the record',
  async (text) => {
    expect(await evaluate(text, record)).toBeUndefined();
  },
);

test('the result is plain JSON, without the hidden members of a sequence', async () => {
  const result = await evaluate('{ "list": lines[price > 1].n, "f": $sum, "n": missing }', record);
  expect(JSON.stringify(result)).toBe('{"list":[1,2]}');
  expect(Object.getOwnPropertyNames(await evaluate('lines.n', record))).toEqual(['0', '1', 'length']);
});

test('an expression leaves the record as it was, as JSON sees it', async () => {
  const original = structuredClone(record);
  for (const text of [
    'tags[]',
    'lines^(>price)',
    '$sort(lines, function($a, $b) { $a.price < $b.price })',
    '$append(tags, "z")',
    '$reverse(tags)',
    '$ ~> |lines|{"price": 0}|',
    'lines{$string(n): price}',
    '$map(lines, function($l) { $merge([$l, {"n": 9}]) })',
  ]) {
    await evaluate(text, original);
  }
  expect(JSON.stringify(original)).toBe(JSON.stringify(record));
});

describe('refused when the contract is checked', () => {
  test.each([
    ['name &', /^is not a JSONata expression: /],
    ['', /^is not a JSONata expression: /],
    ['(((', /^is not a JSONata expression: /],
    ['$now()', /^uses \$now\(\)/],
    ['($f := $now; $f())', /^uses \$now\(\)/],
    ['$map(tags, $random)', /^uses \$random\(\)/],
    ['function() { [ { "a": $millis() } ] }', /^uses \$millis\(\)/],
    ['tags[$eval("1") = 1]', /^uses \$eval\(\)/],
    ['$shuffle(tags)', /^uses \$shuffle\(\)/],
    ['$contains(name, /a/)', /^uses a regular expression/],
    ['{ "a": [name ~> /a/i] }', /^uses a regular expression/],
  ])('%s', (text, reason) => {
    expect(compileExpression(text)).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
  });

  test('two thousand brackets, which is as long as an expression may be', () => {
    expect(compileExpression(`${'('.repeat(1000)}1${')'.repeat(999)}`).kind).toBe('refused');
  });
});

describe('bounded', () => {
  test.each([
    ['endless tail recursion', '($f := function($x) { $f($x) }; $f(1))'],
    ['endless recursion', '($f := function($x) { 1 + $f($x) }; $f(1))'],
    ['a range of nine million', '[1..9000000]'],
  ])('%s ends with an error, and soon', async (_what, text) => {
    const begun = performance.now();
    await expect(evaluate(text)).rejects.toMatchObject({ message: expect.any(String) });
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

test.each(['1 / 0', '-1 / 0', '{ "a": [1 / 0] }', '0 / 0'])(
  '%s is an error and not null, which would clear the field',
  async (text) => {
    await expect(evaluate(text)).rejects.toBeDefined();
  },
);
