import { countsPages } from '../../src/systems/rest/counting-link.ts';

test.each([
  ['/rows?_page=1&_limit=50', '/rows?_page=2&_limit=50'],
  ['/rows?limit=50', '/rows?limit=50&page=2'],
  ['/rows?limit=50', '/rows?limit=50&page=1'],
  ['/rows?limit=50&offset=100', '/rows?limit=50&offset=150'],
  ['https://api.example.com/rows?skip=0', '/rows?skip=50'],
])('a link that counts: %s to %s', (asked, next) => {
  expect(countsPages(asked, next, 50)).toBe(true);
});

test.each([
  ['/rows?after=1200', '/rows?after=1311'],
  ['/rows?limit=50', '/rows?limit=50&cursor=eyJpZCI6NX0'],
  ['/rows?page=1&since=2026-01-01', '/rows?page=2&since=2026-01-02'],
  ['/rows?page=1', '/other?page=2'],
  ['/rows?page=2', '/rows?page=2'],
])('a link that does not, or not for certain: %s to %s', (asked, next) => {
  expect(countsPages(asked, next, 50)).toBe(false);
});
