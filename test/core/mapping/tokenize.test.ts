import { tokenizeFields, tokenizeText } from '../../../src/core/mapping/tokenize.ts';
import { digestText } from '../../../src/core/digest.ts';
import { syncNamed } from '../../world/contracts.ts';

const sync = syncNamed({
  fields: [
    { target: 'name', source: 'name' },
    { target: 'email', source: 'email', sensitive: true },
    { target: 'code', source: 'code', sensitive: true },
    { target: 'tags', source: 'tags', type: 'json', sensitive: true },
  ],
});
const fields = { name: 'Ada', email: 'ada+x@private.example', code: '42', tags: ['board.only', { a: 'Secret One' }] };
const tokenized = (text: string): string => tokenizeText(sync, fields, digestText, text);

test('G7 sensitive values leave a text in whatever case, with one token for each value', () => {
  const text = tokenized('refused ADA+X@private.example, and again ada+x@private.example: BOARD.ONLY, secret one');
  expect(text).not.toMatch(/ada\+x|board|secret/i);
  const tokens = [...text.matchAll(/\[email ([0-9a-f]{16})\]/g)].map(([, token]) => token);
  expect(tokens).toHaveLength(2);
  expect(new Set(tokens).size).toBe(1);
  expect(text).toMatch(/\[tags [0-9a-f]{16}\], \[tags [0-9a-f]{16}\]$/);
});

test('a short value is taken out where it stands by itself and not out of other words', () => {
  expect(tokenized('code 42 of order 1425')).toMatch(/^code \[code [0-9a-f]{16}\] of order 1425$/);
});

test('a value that is a part of another leaves nothing of the longer one behind', () => {
  const nested = { email: 'ada@private.example', code: 'private' };
  expect(tokenizeText(sync, nested, digestText, 'x ada@private.example y')).toMatch(/^x \[email [0-9a-f]{16}\] y$/);
});

test('values that are not sensitive stay, and a text without any is the same text', () => {
  expect(tokenized('Ada is not in the list')).toBe('Ada is not in the list');
});

test('a value longer than any expression may be does no harm', () => {
  expect(tokenizeText(sync, { email: 'x'.repeat(2_000_000) }, digestText, 'refused')).toBe('refused');
});

test('equal values of a field have equal pseudonyms, and those of two fields differ', () => {
  const [a, b, c] = [
    { x: 'v', y: 'v' },
    { x: 'v', y: null },
    { x: 'w', y: 1 },
  ].map((one) => tokenizeFields(one, digestText));
  expect(a?.[0]).toEqual(b?.[0]);
  expect(a?.[0]?.pseudonym).not.toBe(a?.[1]?.pseudonym);
  expect(a?.[0]?.pseudonym).not.toBe(c?.[0]?.pseudonym);
  expect(b?.[1]).toEqual({ field: 'y', pseudonym: null });
});
