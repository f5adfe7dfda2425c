import { checkDefinition } from '../../standin/integration-checks.ts';

const trigger = (change: object = {}, operation: object = {}) => ({
  key: 'new_order',
  noun: 'Order',
  display: { label: 'New Order', description: 'Triggers when an order is made.' },
  ...change,
  operation: {
    type: 'polling',
    perform: '$func$2$f$',
    sample: { id: 'o1', made_at: '2026-03-01T12:00:00Z', total: 3 },
    outputFields: [{ key: 'total', type: 'integer', required: true }],
    ...operation,
  },
});

const app = (ofTrigger: object = trigger(), change: object = {}) => ({
  authentication: {
    type: 'custom',
    fields: [
      { key: 'api_token', type: 'password' },
      { key: 'pin', type: 'password' },
    ],
    connectionLabel: '{{name}}',
  },
  flags: { cleanInputData: false },
  triggers: { new_order: ofTrigger },
  ...change,
});

const codes = (definition: unknown): readonly string[] => checkDefinition(definition).map((problem) => problem.code);
const withField = (field: object): object => app(trigger({}, { inputFields: [field, '$func$2$f$'] }));
const withLabel = (connectionLabel?: string): object =>
  app(trigger(), { authentication: { ...app().authentication, connectionLabel } });
const described = (description: string): object => app(trigger({ display: { label: 'New Order', description } }));
const labelled = (label: string): object =>
  app(trigger({ display: { label, description: 'Triggers when an order is made.' } }));

test('a definition that keeps every rule has no problems', () => {
  expect(checkDefinition(app())).toEqual([]);
});

test.each([
  ['D001', 'an input field that asks for a key', withField({ key: 'api_key', label: 'Key' })],
  ['D001', 'a line item that asks for a password', withField({ key: 'rows', children: [{ key: 'user_password' }] })],
  ['D003', 'no connection label', withLabel()],
  ['D003', 'a label that is the same for everybody', withLabel('Orders')],
  ['D003', 'a label with a token', withLabel('{{bundle.authData.api_token}}')],
  ['D003', 'a label with a password field of harmless name', withLabel('{{pin}}')],
  ['D008', 'a bare address', described('Triggers when https://example.com changes.')],
  ['D008', 'a link to nowhere', withField({ key: 'view', helpText: 'See [the docs](docs/view).' })],
  ['D010', 'a sample without the primary key', app(trigger({}, { sample: { total: 3 } }))],
  ['D011', 'a help text that says the label again', withField({ key: 'view', label: 'View', helpText: 'view.' })],
  ['D012', 'no sample', app(trigger({}, { sample: undefined }))],
  ['D018', 'a label in sentence case', labelled('New order')],
  ['D021', 'a description without its usual beginning', described('Fires when an order is made.')],
  ['D021', 'a description without an end', described('Triggers when an order is made')],
  ['D023', 'a date in local form', app(trigger({}, { sample: { id: 'o1', total: 3, on: '03/01/2026' } }))],
  ['D023', 'a time without a zone', app(trigger({}, { sample: { id: 'o1', total: 3, at: '2026-03-01T12:00:00' } }))],
  ['D024', 'a number as text', app(trigger({}, { sample: { id: 'o1', total: '3' } }))],
  ['D024', 'a required field left out', app(trigger({}, { sample: { id: 'o1' } }))],
  ['D028', 'the default of cleanInputData', app(trigger(), { flags: {} })],
])('%s is reported for %s', (code, _what, definition) => {
  expect(codes(definition)).toEqual([code]);
});

test.each([
  ['small words inside a label', labelled('New or Updated Record in View')],
  ['an address in backticks', described('Triggers when `https://example.com` changes.')],
  ['a link with an address', described('Triggers when [it](https://example.com/a) changes.')],
  ['a label computed by the app', withLabel('$func$2$f$')],
  ['a hidden trigger without a sample', app(trigger({ display: { label: 'x', hidden: true } }, { sample: undefined }))],
  ['a date alone', app(trigger({}, { sample: { id: 'o1', total: 3, on: '2026-03-01' } }))],
])('%s is no problem', (_what, definition) => {
  expect(codes(definition)).toEqual([]);
});

test('line items in a sample are checked one by one, and the problem says where it is', () => {
  const operation = {
    sample: { id: 'o1', rows: [{ sku: 'a' }, { sku: 5 }] },
    outputFields: [{ key: 'rows[]sku', type: 'string' }],
  };
  expect(checkDefinition(app(trigger({}, operation)))).toEqual([
    { code: 'D024', at: 'triggers.new_order.operation.sample.rows[]sku', message: '5 is not of type string' },
  ]);
});
