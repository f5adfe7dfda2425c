import * as fc from 'fast-check';
import { canonicalText } from '../../src/core/digest.ts';
import { type JsonValue, parseJson } from '../../src/core/json.ts';
import { jsonFlaw } from '../../src/core/json-flaw.ts';

const hasCanonicalForm = (value: JsonValue): boolean => {
  try {
    return canonicalText(value) !== '';
  } catch {
    return false;
  }
};

const nested = (depth: number): JsonValue => parseJson(`${'['.repeat(depth)}1${']'.repeat(depth)}`);

test.each<[string, JsonValue, RegExp]>([
  ['half a surrogate pair', parseJson('"a\\ud800"'), /half a surrogate pair/],
  ['the other half', parseJson('"\\udc00b"'), /half a surrogate pair/],
  ['a number beyond doubles', parseJson('1e999'), /number beyond those of JSON/],
  ['one deep inside', parseJson('{"a":[{"b":-1e999}]}'), /number beyond those of JSON/],
  ['a name with half a surrogate pair', parseJson('{"a":{"\\ud800":1}}'), /half a surrogate pair/],
  ['a hundred brackets and one', nested(101), /nested deeper than 100/],
  ['a hundred thousand brackets', nested(100_000), /nested deeper than 100/],
])('%s is named', (_what, value, flaw) => {
  expect(jsonFlaw(value)).toMatch(flaw);
});

test.each<[string, JsonValue]>([
  ['a whole surrogate pair', '\u{1F600}'],
  ['a NUL', '\0'],
  ['the largest double', Number.MAX_VALUE],
  ['a hundred brackets', nested(100)],
  ['a member called __proto__', parseJson('{"__proto__":1}')],
  ['nothing', null],
])('%s is no flaw', (_what, value) => {
  expect(jsonFlaw(value)).toBeUndefined();
});

test('a flaw is found exactly where there is no canonical form', () => {
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom('\ud800', '\udc00'), fc.string({ unit: 'binary', maxLength: 1 })),
  });
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(value, (one) => {
      expect(jsonFlaw(one) === undefined).toBe(hasCanonicalForm(one));
    }),
    { numRuns: 500 },
  );
});
