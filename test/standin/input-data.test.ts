import resolveInputDataTypes from 'zapier-platform-cli/src/oclif/commands/invoke/input-types';
import { cleanInput } from '../../standin/clean-input.ts';
import { coerceInput } from '../../standin/input-coercion.ts';
import { buildInputData, type InputContext, type Mapping } from '../../standin/input-data.ts';
import { renderTemplate } from '../../standin/template.ts';
import { startMs } from './fixture-zapier.ts';

const outputs = {
  trigger: {
    id: 7,
    note: 'Hello {{name}}',
    nothing: null,
    ok: true,
    contact: { email: 'a@b.c' },
    tags: ['x', 'y'],
    rows: [{ sku: 'p', amount: '2' }, { sku: 'q' }],
  },
};

test.each([
  ['a lone reference keeps its type', '{{trigger.id}}', 7],
  ['a lone reference may have room around it', ' {{ trigger.ok }} ', true],
  ['a path goes into records', '{{trigger.contact.email}}', 'a@b.c'],
  ["the path may be in Zapier's own form", '{{trigger__contact__email}}', 'a@b.c'],
  ['a path through a list gives a list', '{{trigger.rows.sku}}', ['p', 'q']],
  ["Zapier's form of line items does too", '{{trigger__rows[]sku}}', ['p', 'q']],
  ['a number in a path picks an item', '{{trigger.rows.1.sku}}', 'q'],
  ['text around a reference makes text', 'No. {{trigger.id}}: {{trigger.ok}}', 'No. 7: true'],
  ['a list inside text is joined by commas', 'Tags {{trigger.tags}}', 'Tags x,y'],
  ['a record inside text is JSON', '={{trigger.contact}}', '={"email":"a@b.c"}'],
  ['a reference to nothing is empty', '{{trigger.missing}}', ''],
  ['null is empty', 'a{{trigger.nothing}}b', 'ab'],
  ['what a record brings is not rendered again', '{{trigger.note}}!', 'Hello {{name}}!'],
  ['inherited properties are not data', '{{trigger.constructor}}', ''],
])('%s', (_what, template, expected) => {
  expect(renderTemplate(template, outputs)).toEqual(expected);
});

// Zapier's CLI coerces "like how Zapier production does"; the stand-in must agree with it.
test.each([
  ['integer', ['1', '1,234', '12 pieces', 'EUR 12.7', 'none', '-3', '4.9']],
  ['number', ['1', '1.5', 'EUR 12.50', '-0.25', 'nothing', '3-', '7.']],
  ['boolean', ['yes', 'NO', 'true', 'false', '0', '1', 'no thanks', 'nil', 'whatever']],
  [
    'datetime',
    [
      '2026-03-01T10:00:00Z',
      '2026-07-01T10:00:00+02:00',
      '1767225600',
      '1767225600000',
      '2026-03-01 10:15',
      '2026-07-04',
    ],
  ],
  ['string', ['plain', ' 1 ']],
])("%s values are read as Zapier's own CLI reads them", (type, texts) => {
  for (const timezone of ['UTC', 'Europe/Berlin', 'America/Chicago']) {
    for (const text of texts) {
      const expected = resolveInputDataTypes({ value: text }, [{ key: 'value', type }], timezone)['value'];
      expect([text, coerceInput(type, text, { timezone, nowMs: startMs })]).toEqual([text, expected]);
    }
  }
});

test('an empty value is left alone, and a time that cannot be read is the present', () => {
  expect(coerceInput('integer', '', { timezone: 'UTC', nowMs: startMs })).toBe('');
  expect(coerceInput('datetime', 'gibberish', { timezone: 'UTC', nowMs: startMs })).toBe('2026-03-01T12:00:00+00:00');
});

const fields: InputContext['fields'] = [
  { key: 'title', label: 'Title', required: true },
  { key: 'count', type: 'integer' },
  { key: 'tags', list: true },
  { key: 'labels', dict: true },
  { key: 'payload', type: 'json' },
  {
    key: 'rows',
    children: [
      { key: 'sku', required: true },
      { key: 'amount', type: 'integer' },
    ],
  },
];

const build = (mapping: Mapping, cleanInputData = false) =>
  buildInputData({ title: 'T', ...mapping }, { fields, outputs, cleanInputData, timezone: 'UTC', nowMs: startMs });

test.each([
  ['text fields get text', { title: '{{trigger.id}}' }, { title: '7' }],
  ['typed fields get their type', { count: '{{trigger.id}} pieces' }, { count: 7 }],
  ['a list field takes a list as it is', { tags: '{{trigger.tags}}' }, { tags: ['x', 'y'] }],
  ['a list field makes a list of one value', { tags: 'x,y' }, { tags: ['x,y'] }],
  ['a dictionary is text by text', { labels: { a: '{{trigger.id}}' } }, { labels: { a: '7' } }],
  ['a JSON field takes text', { payload: '{"a":1}' }, { payload: '{"a":1}' }],
  ['a JSON field takes a structure', { payload: '{{trigger.contact}}' }, { payload: { email: 'a@b.c' } }],
  [
    'line items are zipped child by child, a single value repeated',
    { rows: { sku: '{{trigger.rows.sku}}', amount: '5' } },
    {
      rows: [
        { sku: 'p', amount: 5 },
        { sku: 'q', amount: 5 },
      ],
    },
  ],
  ['a list of rows is taken whole', { rows: '{{trigger.rows}}' }, { rows: [{ sku: 'p', amount: 2 }, { sku: 'q' }] }],
  ['rows written out are rendered', { rows: [{ sku: '{{trigger.id}}' }] }, { rows: [{ sku: '7' }] }],
])('%s', (_what, mapping, expected) => {
  expect(build(mapping)).toEqual({ kind: 'ready', inputData: { title: 'T', ...expected } });
});

test('a required field that is empty is named, in line items too', () => {
  expect(build({ title: '{{trigger.missing}}' })).toEqual({
    kind: 'missing',
    message: 'Required field "Title" (title) is missing.',
  });
  expect(build({ rows: [{ amount: '1' }] })).toMatchObject({
    kind: 'missing',
    message: expect.stringContaining('sku'),
  });
});

test('empty values are cleaned out only when the app lets Zapier do it', () => {
  const mapping = { count: '', payload: '{{trigger.missing}}' };
  expect(build(mapping, false)).toEqual({ kind: 'ready', inputData: { title: 'T', count: '', payload: '' } });
  expect(build(mapping, true)).toEqual({ kind: 'ready', inputData: { title: 'T' } });
});

test('cleaning goes to any depth and keeps false and zero', () => {
  expect(cleanInput({ a: [null, 1, '', []], b: { c: { d: '' } }, e: 0, f: false })).toEqual({ a: [1], e: 0, f: false });
});
