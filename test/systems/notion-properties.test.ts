import { codec } from '../../src/core/contract/rest/codec.ts';
import type { JsonObject, JsonValue } from '../../src/core/json.ts';
import { decodeProperties, encodeProperties } from '../../src/systems/rest/notion-properties.ts';

const encodeOne = (type: string, value: JsonValue): JsonValue | undefined =>
  encodeProperties(codec.parse({ kind: 'notion', types: { Field: type } }), { Field: value })['Field'];

const text = (content: string): JsonObject => ({ type: 'text', text: { content } });

test.each<[string, JsonValue, JsonValue, JsonValue]>([
  ['title', 'Ada', [text('Ada')], []],
  ['rich_text', 'Ada', [text('Ada')], []],
  ['rich_text', 5, [text('5')], []],
  ['number', 12.5, 12.5, null],
  ['checkbox', true, true, false],
  ['select', 'Open', { name: 'Open' }, null],
  ['status', 'Open', { name: 'Open' }, null],
  ['multi_select', ['a', 'b'], [{ name: 'a' }, { name: 'b' }], []],
  ['date', '2026-01-31', { start: '2026-01-31' }, null],
  ['url', 'https://example.com', 'https://example.com', null],
  ['email', 'a@example.com', 'a@example.com', null],
  ['phone_number', '+41', '+41', null],
  ['relation', 'page-1', [{ id: 'page-1' }], []],
])('a %s is written as its type has it, and nothing as its nothing', (type, value, written, nothing) => {
  expect(encodeOne(type, value)).toEqual({ [type]: written });
  expect([encodeOne(type, null), encodeOne(type, '')]).toEqual([{ [type]: nothing }, { [type]: nothing }]);
});

test('a text is cut into parts of 2,000 characters, and never inside a character', () => {
  const written = encodeOne('rich_text', `${'a'.repeat(1999)}😀b`);
  expect(written).toEqual({ rich_text: [text('a'.repeat(1999)), text('😀b')] });
});

test('a field whose type nobody gave goes as it is, for the API to refuse', () => {
  expect(encodeProperties({ kind: 'notion', types: {} }, { constructor: 'x' })).toEqual({ constructor: 'x' });
});

test.each<[string, JsonValue, JsonValue]>([
  ['title', [{ plain_text: 'A' }, { plain_text: 'da' }], 'Ada'],
  ['rich_text', [], ''],
  ['number', 12.5, 12.5],
  ['checkbox', false, false],
  ['select', { id: '1', name: 'Open' }, 'Open'],
  ['select', null, null],
  ['status', { name: 'Open' }, 'Open'],
  ['multi_select', [{ name: 'a' }, { name: 'b' }], ['a', 'b']],
  ['date', { start: '2026-01-31', end: null }, '2026-01-31'],
  ['date', { start: '2026-01-30', end: '2026-01-31' }, { start: '2026-01-30', end: '2026-01-31' }],
  ['date', null, null],
  ['relation', [{ id: 'page-1' }], ['page-1']],
  ['people', [{ id: 'user-1' }], ['user-1']],
  ['formula', { type: 'number', number: 3 }, 3],
  ['formula', { type: 'date', date: { start: '2026-01-31', end: null } }, '2026-01-31'],
  ['created_time', '2026-01-31T00:00:00.000Z', '2026-01-31T00:00:00.000Z'],
  ['unknown_one', { any: 1 }, { any: 1 }],
])('a %s is read as a plain value', (type, value, plain) => {
  expect(decodeProperties({ Field: { id: 'x', type, [type]: value } })).toEqual({ Field: plain });
});
