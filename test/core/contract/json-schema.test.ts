import { Ajv, type ValidateFunction } from 'ajv';
import { contractJsonSchema } from '../../../src/core/contract/json-schema.ts';
import { odataSystem, restSystem, sync, syncWithField } from './documents.ts';

// Strict: what the schema says in other words than those of draft-07 would be said to no editor.
const compile = (kind: 'system' | 'sync'): ValidateFunction =>
  new Ajv({ strict: true, allowUnionTypes: true, formats: { uri: true } }).compile(contractJsonSchema(kind));

const plain = (document: object): unknown => JSON.parse(JSON.stringify(document));

const validators = { system: compile('system'), sync: compile('sync') };

test.each([
  ['a REST system', 'system', restSystem()],
  ['an OData system', 'system', odataSystem()],
  ['a sync', 'sync', sync()],
  [
    'a sync with all its parts',
    'sync',
    sync({ sla: { freshnessMinutes: 5 }, read: {}, delivery: { emitMax: 1 }, reconcile: { repair: true } }),
  ],
  [
    'the schema named in the first line of the file',
    'sync',
    syncWithField({ enum: ['a', 1], pattern: 'a', sensitive: true }),
  ],
] as const)('%s is valid', (_what, kind, document) => {
  const validate = validators[kind];
  expect(validate(plain(document)) ? [] : validate.errors).toEqual([]);
});

test.each([
  ['an unknown key of a sync', 'sync', sync({ tickett: 'OPS-1' })],
  ['an unknown key of a field', 'sync', syncWithField({ requierd: true })],
  ['an unknown key of a system', 'system', restSystem({ baseURL: 'https://a.example' })],
  ['an unknown key of an entity', 'system', restSystem({}, { pagesize: 3 })],
  ['a type that does not exist', 'sync', syncWithField({ type: 'decimal' })],
  ['a missing owner', 'sync', sync({ owner: undefined })],
  ['an OData entity under a REST driver', 'system', odataSystem({ driver: 'rest' })],
  ['a system where a sync is wanted', 'sync', restSystem()],
  ['a target field called __proto__', 'sync', syncWithField({ target: '__proto__' })],
  ['a limit that is too large', 'system', restSystem({ limits: { timeoutMs: 20_001 } })],
] as const)('%s is not', (_what, kind, document) => {
  expect(validators[kind](plain(document))).toBe(false);
});

test('what has a default need not be written', () => {
  expect(
    validators.sync(plain(sync({ read: undefined, delivery: undefined, sla: undefined, reconcile: undefined }))),
  ).toBe(true);
});
