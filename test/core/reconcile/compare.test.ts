import { compileMapping } from '../../../src/core/mapping/mapping.ts';
import { compareRecord, projectTarget } from '../../../src/core/reconcile/compare.ts';
import { syncNamed } from '../../world/contracts.ts';

const sync = syncNamed({
  fields: [
    { target: 'name', source: 'name', required: true },
    { target: 'amount', source: 'amount', type: 'number' },
    { target: 'notes', source: 'notes', type: 'json' },
  ],
});
const mapping = compileMapping(sync);
const project = (body: Parameters<typeof projectTarget>[2]) => projectTarget(sync, mapping, body);

const wanted = { name: 'Ada', amount: 1.5, notes: { a: 1, b: [2] } };

test('a record that is not there is missing', () => {
  expect(compareRecord(wanted, [])).toEqual({ kind: 'missing' });
});

test('two records with one external ID are duplicated, equal or not', () => {
  expect(compareRecord(wanted, [wanted, wanted])).toEqual({ kind: 'duplicated', copies: 2 });
  expect(compareRecord(wanted, [wanted, {}, {}])).toEqual({ kind: 'duplicated', copies: 3 });
});

test('equal fields match, whatever the order of members and whatever else the record holds', () => {
  expect(compareRecord(wanted, [{ notes: { b: [2], a: 1 }, amount: 1.5, name: 'Ada', other: true }])).toEqual({
    kind: 'matched',
  });
});

test('the fields that differ are named', () => {
  expect(compareRecord(wanted, [{ ...wanted, name: 'Bob', notes: { a: 1, b: [3] } }])).toEqual({
    kind: 'changed',
    fields: ['name', 'notes'],
  });
  expect(compareRecord(wanted, [{ ...wanted, amount: '1.5' }])).toEqual({ kind: 'changed', fields: ['amount'] });
  expect(compareRecord(wanted, [{ ...wanted, notes: [{ a: 1, b: [2] }] }])).toEqual({
    kind: 'changed',
    fields: ['notes'],
  });
});

test('an empty field and an absent one are the same', () => {
  expect(compareRecord({ name: 'Ada', amount: null }, [{ name: 'Ada' }])).toEqual({ kind: 'matched' });
  expect(compareRecord({ name: 'Ada', amount: 0 }, [{ name: 'Ada' }])).toEqual({ kind: 'changed', fields: ['amount'] });
});

describe('the projection of a target record', () => {
  test('is in the form of the mapped fields, whatever form the target has them in', () => {
    expect(project({ id: 't1', name: 'Ada', amount: '1.50', notes: { a: 1 }, other: 1 })).toEqual({
      name: 'Ada',
      amount: 1.5,
      notes: { a: 1 },
    });
  });

  test('has every mapped field, empty where the record has none', () => {
    expect(project({ name: '' })).toEqual({ name: null, amount: null, notes: null });
  });

  test('keeps a value of the wrong type, so that it differs', () => {
    expect(project({ name: 'Ada', amount: 'much' })).toMatchObject({ amount: 'much' });
  });

  test('of a value without a canonical form differs from any that can be wanted', () => {
    const broken = project({ name: 'a\ud800', amount: Infinity, notes: { '\ud800': 1 } });
    for (const clean of [wanted, { name: null, amount: null, notes: null }]) {
      expect(compareRecord(clean, [broken])).toEqual({ kind: 'changed', fields: ['name', 'amount', 'notes'] });
    }
  });
});
