import { hideSensitive, restoreSensitive, SEALED, sensitiveOnly } from '../../../src/core/mapping/sensitive.ts';
import { syncNamed } from '../../world/contracts.ts';

const sync = syncNamed({
  fields: [
    { target: 'name', source: 'name' },
    { target: 'email', source: 'email', sensitive: true },
    { target: 'notes', source: 'notes', type: 'json', sensitive: true },
    { target: 'constructor', source: 'maker' },
  ],
});

const record = { name: 'Ada', email: 'ada@private.example', notes: { a: [1] }, constructor: 'Babbage' };

test('G7 sensitive values are hidden, and whether there is one is not', () => {
  expect(hideSensitive(sync, record)).toEqual({ name: 'Ada', email: SEALED, notes: SEALED, constructor: 'Babbage' });
  expect(hideSensitive(sync, { ...record, email: null })).toMatchObject({ email: null });
});

test('what is hidden and restored is what it was', () => {
  const restored = restoreSensitive(sync, hideSensitive(sync, record), sensitiveOnly(sync, record));
  expect(restored).toEqual({ kind: 'whole', fields: record });
});

test('only sensitive fields are kept sealed', () => {
  expect(sensitiveOnly(sync, record)).toEqual({ email: 'ada@private.example', notes: { a: [1] } });
});

test('a value that the Zap changed or cleared stays so, and what it left out stays out', () => {
  const sealed = sensitiveOnly(sync, record);
  expect(restoreSensitive(sync, { email: 'new@private.example' }, sealed)).toEqual({
    kind: 'whole',
    fields: { email: 'new@private.example' },
  });
  expect(restoreSensitive(sync, { email: null, name: 'B' }, sealed)).toEqual({
    kind: 'whole',
    fields: { email: null, name: 'B' },
  });
  expect(restoreSensitive(sync, {}, sealed)).toEqual({ kind: 'whole', fields: {} });
});

test('fields that the sync does not map are dropped', () => {
  expect(restoreSensitive(sync, { name: 'Ada', other: SEALED }, {})).toEqual({
    kind: 'whole',
    fields: { name: 'Ada' },
  });
});

test.each([
  ['a field that is not sensitive', { name: SEALED }, ['name']],
  ['a field that was not sealed', { name: 'Ada', notes: SEALED, email: SEALED }, ['notes']],
  ['a field with a name that every object has', { constructor: SEALED }, ['constructor']],
])('a mark in %s has no value behind it: as null it would clear the field on the target', (_what, fields, names) => {
  expect(restoreSensitive(sync, fields, { email: 'ada@private.example' })).toEqual({ kind: 'not_sealed', names });
});
