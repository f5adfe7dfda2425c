import { fieldValue } from '../../../src/core/mapping/field-value.ts';
import type { FieldType } from '../../../src/core/contract/sync-contract.ts';
import type { JsonValue } from '../../../src/core/json.ts';

test.each<[FieldType, JsonValue, JsonValue]>([
  ['string', 'a', 'a'],
  ['string', ' a ', ' a '],
  ['string', 12.5, '12.5'],
  ['string', false, 'false'],
  ['integer', 12, 12],
  ['integer', '12', 12],
  ['integer', '+12', 12],
  ['integer', '-007', -7],
  ['integer', '9007199254740991', 9_007_199_254_740_991],
  ['integer', '9007199254740993', '9007199254740993'],
  ['integer', '+9007199254740993', '9007199254740993'],
  ['integer', '-0009007199254740993', '-9007199254740993'],
  ['number', 12.5, 12.5],
  ['number', '12.50', 12.5],
  ['number', '-1e3', -1000],
  ['number', '+0.1', 0.1],
  ['boolean', true, true],
  ['boolean', 'false', false],
  ['boolean', 1, true],
  ['boolean', 0, false],
  ['date', '2026-11-21', '2026-11-21'],
  ['date', '2026-11-21T23:30:00-01:00', '2026-11-22'],
  ['datetime', '2026-11-21', '2026-11-21T00:00:00.000Z'],
  ['datetime', '2026-01-01T00:00:00+01:00', '2025-12-31T23:00:00.000Z'],
  ['datetime', '2026-01-01T00:00:00.1239999Z', '2026-01-01T00:00:00.123Z'],
  ['json', { b: [1, null], a: 'x' }, { b: [1, null], a: 'x' }],
  ['json', 'text', 'text'],
])('as %s %j is %j', (type, value, one) => {
  expect(fieldValue(type, value)).toEqual({ kind: 'value', value: one });
});

test.each<[FieldType, JsonValue, string]>([
  ['string', {}, 'text'],
  ['string', ['a'], 'text'],
  ['integer', 1.5, 'a whole number'],
  ['integer', '1.0', 'a whole number'],
  ['integer', '1e3', 'a whole number'],
  ['integer', ' 1', 'a whole number'],
  ['integer', true, 'a whole number'],
  ['integer', 1e300, 'a whole number'],
  ['number', '1,5', 'a number'],
  ['number', '.5', 'a number'],
  ['number', '0x10', 'a number'],
  ['number', '1e999', 'a number'],
  ['number', 'Infinity', 'a number'],
  ['number', true, 'a number'],
  ['boolean', 'yes', 'true or false'],
  ['boolean', 'TRUE', 'true or false'],
  ['boolean', 2, 'true or false'],
  ['date', '21.11.2026', 'a date in ISO 8601'],
  ['date', 20_261_121, 'a date in ISO 8601'],
  ['datetime', 'yesterday', 'a date and time in ISO 8601'],
  ['datetime', 1_763_717_520_000, 'a date and time in ISO 8601'],
])('as %s %j is not %s', (type, value, expected) => {
  expect(fieldValue(type, value)).toEqual({ kind: 'wrong', expected });
});
