import * as fc from 'fast-check';
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../src/core/json.ts';
import { jsonFlaw } from '../../src/core/json-flaw.ts';
import { compileMapping } from '../../src/core/mapping/mapping.ts';
import { observedRecord } from '../../src/core/protocol/cycle-routes.ts';
import { instantText } from '../../src/core/read/checkpoint.ts';
import { observeRecord, observeUnusable } from '../../src/engine/observe.ts';
import { syncNamed } from '../world/contracts.ts';

const types = ['string', 'integer', 'number', 'boolean', 'date', 'datetime', 'json'] as const;
const mapping = compileMapping(
  syncNamed({
    fields: [
      ...types.map((type) => ({ target: `as_${type}`, source: 'value', type })),
      { target: 'computed', expression: 'value & $string(value)', sensitive: true },
      { target: 'whole', expression: '$', type: 'json' },
      { target: 'name', source: 'name', required: true, pattern: '[^!]*' },
    ],
  }),
);
const updatedAt = instantText.parse('2026-11-21T12:00:00Z');

const observe = async (body: JsonObject, id = 's1') => (await observeRecord(mapping, { id, updatedAt, body })).observed;

const parsed = (text: string): JsonObject => {
  const value = parseJson(text);
  if (!isJsonObject(value)) throw new Error(`Expected an object: ${text}`);
  return value;
};

test('a record that passes is ready, with its fields', async () => {
  const simple = compileMapping(syncNamed());
  const body = { name: 'Ada', email: 'a@b.example', amount: '1.50' };
  expect((await observeRecord(simple, { id: 's1', updatedAt, body })).observed).toMatchObject({
    externalId: 's1',
    updatedAt,
    state: 'ready',
    payload: { name: 'Ada', email: 'a@b.example', amount: 1.5 },
    reason: null,
  });
});

test.each([
  ['half a surrogate pair', '{"name":"secret \\ud800"}', /name holds text with half a surrogate pair/],
  ['a number beyond doubles', '{"value":1e999,"name":"n"}', /as_number holds a number beyond those of JSON/],
  [
    'a thousand brackets',
    `{"value":${'['.repeat(1000)}${']'.repeat(1000)},"name":"n"}`,
    /as_json holds values nested deeper/,
  ],
  ['a name that breaks its pattern', '{"name":"secret!"}', /^name does not match the pattern$/],
  ['nothing at all', '{}', /name is required and absent/],
])('G1 a record with %s is held with a reason that does not quote it', async (_what, body, reason) => {
  const observed = await observe(parsed(body));
  expect(observed).toMatchObject({ state: 'held', reason: expect.stringMatching(reason) });
  expect(observed.reason).not.toContain('secret');
});

test('a record that is held is the same version when it is read again', async () => {
  const body = '{"name":"a\\ud800","value":{"deep":1e999}}';
  expect(await observe(parsed(body))).toEqual(await observe(parsed(body)));
});

test('a record that is larger than Zapier carries is refused', async () => {
  const observed = await observe({ name: 'n', value: 'x'.repeat(1_500_000) });
  expect(observed).toMatchObject({ state: 'refused', payload: null, reason: expect.stringMatching(/at most 1500000/) });
});

describe('an ID that cannot be kept', () => {
  const long = 'x'.repeat(501);

  test.each([
    ['too long', long, /has 501 characters; at most 500/],
    ['empty', '', /is empty, or holds/],
    ['with a NUL', 'a\0b', /holds a NUL/],
    ['with half a character', 'a\ud800', /half a character/],
    ['that is cut in the middle of a character', `${'x'.repeat(99)}${'\u{1F600}'.repeat(300)}`, /has 699 characters/],
  ])('%s makes a dead letter under a name of its own', async (_what, id, reason) => {
    const observed = await observe({ name: 'n' }, id);
    expect(observed).toMatchObject({ state: 'refused', payload: null, reason: expect.stringMatching(reason) });
    expect(observedRecord.safeParse(observed).success).toBe(true);
  });

  test('is told apart from another that begins alike, and recognised when it is read again', async () => {
    const ids = [long, `${long}y`, '', '\0', '\ud800', '\ud801'];
    const filed = await Promise.all(ids.map(async (id) => (await observe({ name: 'n' }, id)).externalId));
    expect(new Set(filed).size).toBe(ids.length);
    expect((await observe({ name: 'other' }, long)).externalId).toBe(filed[0]);
  });

  test('is none of 500 characters', async () => {
    const id = 'x'.repeat(500);
    expect((await observe({ name: 'n' }, id)).externalId).toBe(id);
  });
});

test('G1 whatever is in a record, it is observed, and the store takes what was observed', async () => {
  const anyText = fc.string({
    unit: fc.oneof(fc.constantFrom('\ud800', '\udc00', '\0'), fc.string({ unit: 'binary', maxLength: 2 })),
  });
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      anyText,
      fc.double(),
      fc.constantFrom<JsonValue[]>(true, false, null, '', '9007199254740993', '2026-11-21', '1e999'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(anyText, fc.constantFrom('__proto__', 'constructor', 'length')), tie('value'), {
        maxKeys: 3,
      }),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(value, value, anyText, async (one, name, id) => {
      const observed = await observe({ value: one, name }, id);
      expect(observedRecord.safeParse(JSON.parse(JSON.stringify(observed))).error).toBeUndefined();
      expect(jsonFlaw({ ...observed })).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

test('a row that nothing can be keyed by is refused under the digest of its content, the same on every reading', () => {
  const row = { reason: 'no usable ID', position: 4, digest: 'ab'.repeat(32) } as const;
  expect(observeUnusable(row, 2)).toEqual({
    externalId: `unidentified:${'ab'.repeat(16)}`,
    updatedAt: '1970-01-01T00:00:00.000000000Z',
    digest: row.digest,
    state: 'refused',
    payload: null,
    reason: 'Row 5 of page 3 of the source has no usable ID',
  });
});
