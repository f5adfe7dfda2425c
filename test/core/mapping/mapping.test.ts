import { digestJson } from '../../../src/core/digest.ts';
import { type JsonObject, parseJson, isJsonObject } from '../../../src/core/json.ts';
import { compileMapping, type MappedRecord, type Mapping } from '../../../src/core/mapping/mapping.ts';
import { syncNamed } from '../../world/contracts.ts';

const mappingOf = (...fields: object[]): Mapping => compileMapping(syncNamed({ fields }));

const fieldOf = (change: object): Mapping => mappingOf({ target: 'f', source: 'f', ...change });

const problemOf = ({ problems }: MappedRecord): readonly [string, string, string] | undefined => {
  const [first] = problems;
  return first === undefined ? undefined : [first.field, first.rule, first.message];
};

const parsed = (text: string): JsonObject => {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new Error(`Expected an object: ${text}`);
  return value;
};

test('each field is taken from its path, brought into its type and named as on the target', async () => {
  const mapping = mappingOf(
    { target: 'city', source: 'address.city' },
    { target: 'first', source: 'tags.0' },
    { target: 'amount', source: 'amount', type: 'number' },
    { target: 'whole', expression: 'first & " " & last' },
    { target: 'at', source: 'at', type: 'datetime' },
    { target: 'raw', source: 'address', type: 'json' },
  );
  const record = {
    address: { city: 'London' },
    tags: ['x'],
    amount: '12.50',
    first: 'Ada',
    last: 'Lovelace',
    at: '2026-01-01T00:00:00+01:00',
    other: 1,
  };
  expect(await mapping.map(record)).toEqual({
    fields: {
      city: 'London',
      first: 'x',
      amount: 12.5,
      whole: 'Ada Lovelace',
      at: '2025-12-31T23:00:00.000Z',
      raw: { city: 'London' },
    },
    problems: [],
  });
});

test.each([
  ['absent', {}],
  ['null', { f: null }],
  ['empty', { f: '' }],
])('a value that is %s clears an optional field, and holds a record that requires it', async (_what, record) => {
  expect(await fieldOf({}).map(record)).toEqual({ fields: { f: null }, problems: [] });
  expect(await fieldOf({ expression: 'f', source: undefined, type: 'integer' }).map(record)).toEqual({
    fields: { f: null },
    problems: [],
  });
  const held = await fieldOf({ required: true }).map(record);
  expect(held.fields).toEqual({ f: null });
  expect(problemOf(held)).toEqual(['f', 'required', 'is required and absent']);
});

test.each([
  [{ type: 'integer' }, 'twelve', ['f', 'type', 'is not a whole number']],
  [{ type: 'number' }, 'twelve', ['f', 'type', 'is not a number']],
  [{ type: 'boolean' }, 'perhaps', ['f', 'type', 'is not true or false']],
  [{ type: 'date' }, 'someday', ['f', 'type', 'is not a date in ISO 8601']],
  [{ type: 'datetime' }, 'someday', ['f', 'type', 'is not a date and time in ISO 8601']],
  [{}, { secret: 'twelve' }, ['f', 'type', 'is not text']],
  [{ enum: ['a', 'b'] }, 'twelve', ['f', 'enum', 'is not one of the 2 values allowed']],
  [{ type: 'integer', enum: [1, 2] }, '3', ['f', 'enum', 'is not one of the 2 values allowed']],
  [{ pattern: '[A-Z]{2}' }, 'twelve', ['f', 'pattern', 'does not match the pattern']],
  [{ pattern: '[A-Z]{2}' }, 'DEU', ['f', 'pattern', 'does not match the pattern']],
  [{ pattern: 'a*' }, 'a'.repeat(1001), ['f', 'pattern', 'is longer than 1000 characters']],
  [{ type: 'integer', pattern: '\\d{3}' }, '12', ['f', 'pattern', 'does not match the pattern']],
])('a field %j holds %j with a reason that does not quote it', async (change, value, problem) => {
  const mapped = await fieldOf(change).map({ f: value });
  expect(mapped.problems).toHaveLength(1);
  expect(problemOf(mapped)).toEqual(problem);
  expect(JSON.stringify(mapped.problems)).not.toContain('twelve');
});

test.each([
  [{ enum: ['a', 'b'] }, 'b', 'b'],
  [{ type: 'integer', enum: [1, 2] }, '2', 2],
  [{ pattern: '[A-Z]{2}' }, 'DE', 'DE'],
  [{ pattern: '\\p{L}+' }, 'Ünal', 'Ünal'],
  [{ type: 'integer', pattern: '\\d{3}' }, 123, 123],
  [{ pattern: 'a*' }, 'a'.repeat(1000), 'a'.repeat(1000)],
  [{ enum: ['a'] }, '', null],
  [{ pattern: 'a' }, null, null],
])('a field %j lets %j through', async (change, value, one) => {
  expect(await fieldOf(change).map({ f: value })).toEqual({ fields: { f: one }, problems: [] });
});

describe('an expression that fails for one record', () => {
  const mapping = mappingOf(
    { target: 'sum', expression: '$number(amount) + 1', type: 'number', required: true },
    { target: 'name', source: 'name' },
  );

  test('holds that record, names the field once and does not quote the value', async () => {
    const mapped = await mapping.map({ amount: 'secret twelve', name: 'Ada' });
    expect(mapped).toEqual({
      fields: { sum: '\uFFFD', name: 'Ada' },
      problems: [{ field: 'sum', rule: 'expression', message: 'could not be evaluated for this record' }],
    });
  });

  test('leaves the next record alone', async () => {
    expect(await mapping.map({ amount: '1', name: 'Bob' })).toEqual({ fields: { sum: 2, name: 'Bob' }, problems: [] });
  });

  test('is one that gives no finite number, too', async () => {
    expect(problemOf(await mappingOf({ target: 'f', expression: '1 / zero' }).map({ zero: 0 }))).toEqual([
      'f',
      'expression',
      'could not be evaluated for this record',
    ]);
  });
});

describe('G1 a value that has no canonical form', () => {
  const mapping = mappingOf(
    { target: 'text', source: 'text' },
    { target: 'whole', expression: 'text & "!"' },
    { target: 'amount', source: 'amount', type: 'number' },
    { target: 'raw', source: 'raw', type: 'json' },
  );

  test.each([
    ['{"text":"a\\ud800b"}', ['text', 'whole'], /half a surrogate pair/],
    ['{"amount":1e999}', ['amount'], /a number beyond those of JSON/],
    ['{"raw":{"a":["\\udc00"]}}', ['raw'], /half a surrogate pair/],
    ['{"raw":{"\\udc00":1}}', ['raw'], /half a surrogate pair/],
    ['{"raw":-1e999}', ['raw'], /a number beyond those of JSON/],
    [`{"raw":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, ['raw'], /nested deeper than 100/],
  ])('holds its record with a reason, and what is left can be digested: %s', async (text, fields, message) => {
    const mapped = await mapping.map(parsed(text));
    expect(mapped.problems.map(({ field }) => field)).toEqual(fields);
    expect(mapped.problems[0]).toMatchObject({ rule: 'type', message: expect.stringMatching(message) });
    expect(() => digestJson(mapped.fields)).not.toThrow();
    expect(JSON.stringify(mapped).isWellFormed()).toBe(true);
  });

  test('is not taken for an empty field: a target that holds such a value is not what a cleared field wants', () => {
    expect(mapping.normalize({ text: '\ud800' }).fields).not.toEqual(mapping.normalize({ text: null }).fields);
  });
});

describe('normalize', () => {
  const mapping = mappingOf(
    { target: 'name', source: 'name', required: true },
    { target: 'amount', source: 'amount', type: 'number' },
    { target: 'at', source: 'at', type: 'date' },
  );

  test('brings fields of the target into the same form as mapping does', async () => {
    const fromTarget = mapping.normalize({ name: 'Ada', amount: '1.50', at: '2026-01-01T10:00:00Z' });
    expect(fromTarget).toEqual(await mapping.map({ name: 'Ada', amount: 1.5, at: '2026-01-01' }));
  });

  test('leaves out what was left out, and clears what was cleared', () => {
    expect(mapping.normalize({ name: 'Ada' })).toEqual({ fields: { name: 'Ada' }, problems: [] });
    expect(mapping.normalize({ name: 'Ada', amount: null, at: '' })).toEqual({
      fields: { name: 'Ada', amount: null, at: null },
      problems: [],
    });
  });

  test('misses a required field all the same', () => {
    expect(problemOf(mapping.normalize({ amount: 1 }))).toEqual(['name', 'required', 'is required and absent']);
  });

  test('drops fields that the sync does not map', () => {
    expect(mapping.normalize({ name: 'Ada', other: 1 }).fields).toEqual({ name: 'Ada' });
  });

  test('does not take for a value what every object has', () => {
    const own = mappingOf({ target: 'constructor', source: 'a', required: true }, { target: 'toString', source: 'b' });
    expect(own.normalize({})).toMatchObject({ fields: { constructor: null }, problems: [{ rule: 'required' }] });
    expect(own.normalize({ constructor: 'Babbage' })).toEqual({ fields: { constructor: 'Babbage' }, problems: [] });
  });

  test('is the same again', () => {
    const once = mapping.normalize({ name: 7, amount: '007.50', at: '2026-01-01T10:00:00Z' });
    expect(mapping.normalize(once.fields)).toEqual(once);
  });
});

test.each([
  [{ expression: '$now()' }, /Cannot use field "f": its expression uses \$now/],
  [{ source: 'f', pattern: '(a+)+' }, /Cannot use field "f": its pattern could take exponential time/],
])('a contract with %j, which no check would let through, is not compiled', (field, message) => {
  expect(() => mappingOf({ target: 'f', ...field })).toThrow(message);
});
