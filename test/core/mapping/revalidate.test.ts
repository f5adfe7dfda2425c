import { compileMapping } from '../../../src/core/mapping/mapping.ts';
import { createRevalidate } from '../../../src/core/mapping/revalidate.ts';
import { syncNamed } from '../../world/contracts.ts';

const contract = (...fields: readonly object[]) => syncNamed({ fields });
const strict = contract({ target: 'code', source: 'code', pattern: '[A-Z]+' });
const loose = contract({ target: 'code', source: 'code', pattern: '[A-Za-z]+' });

test('fields that broke a rule pass once the rule lets them through, and name the rule until then', () => {
  expect(createRevalidate(loose)(strict, { code: 'abc' })).toEqual({ kind: 'passes' });
  expect(createRevalidate(strict)(strict, { code: 'abc' })).toMatchObject({
    kind: 'fails',
    problems: [{ field: 'code', rule: 'pattern' }],
  });
});

test('fields that are read in another way by now would have to be read again', () => {
  const moved = contract({ target: 'code', source: 'other' });
  const computed = contract({ target: 'code', expression: 'code' });
  const more = contract({ target: 'code', source: 'code' }, { target: 'name', source: 'name' });
  expect(createRevalidate(moved)(strict, { code: 'ABC' })).toEqual({ kind: 'remapped', fields: ['code'] });
  expect(createRevalidate(computed)(strict, { code: 'ABC' })).toEqual({ kind: 'remapped', fields: ['code'] });
  expect(createRevalidate(more)(strict, { code: 'ABC' })).toEqual({ kind: 'remapped', fields: ['name'] });
  expect(createRevalidate(loose)(undefined, { code: 'ABC' })).toEqual({ kind: 'remapped', fields: ['code'] });
});

test('a field that the contract has dropped is no hindrance', () => {
  const more = contract({ target: 'code', source: 'code' }, { target: 'name', source: 'name', required: true });
  expect(createRevalidate(loose)(more, { code: 'ABC', name: null })).toEqual({ kind: 'passes' });
});

test.each([
  ['an expression that failed', { expression: '$number(code)' }],
  ['text with half a character in it', { source: 'half' }],
])('%s never passes: there is no value to pass on', async (_what, change) => {
  const sync = contract({ target: 'code', ...change });
  const { fields } = await compileMapping(sync).map({ code: 'no number', half: 'a\ud800' });
  expect(createRevalidate(sync)(sync, fields)).toMatchObject({ kind: 'fails', problems: [{ field: 'code' }] });
});
