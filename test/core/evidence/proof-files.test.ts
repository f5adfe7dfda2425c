import { formatInclusionFile, parseInclusionFile } from '../../../src/core/evidence/inclusion-file.ts';
import { leafHash } from '../../../src/core/evidence/merkle-hash.ts';
import { bundlePath, parseTilePath, tilePath } from '../../../src/core/evidence/tile.ts';
import { formatTreeHead, parseTreeHead } from '../../../src/core/evidence/tree-head.ts';

const head = { origin: 'ledger.example.com/acme', size: 20_852_163, root: leafHash('root') };

test('a tree head is read as it was written', () => {
  const text = formatTreeHead(head);
  expect(text).toBe(`ledger.example.com/acme\n20852163\n${Buffer.from(head.root).toString('base64')}\n`);
  expect(parseTreeHead(text)).toMatchObject({ origin: head.origin, size: head.size });
  expect(parseTreeHead(`${text}an extension\n`)).toMatchObject({ size: head.size });
});

test.each([
  ['a size with a zero before it', 'a\n01\nAAAA\n'],
  ['a size beyond what can be counted', `a\n9007199254740993\n${'A'.repeat(43)}=\n`],
  ['a root that is too short', 'a\n1\nAAAA\n'],
  ['no last line end', `a\n1\n${'A'.repeat(43)}=`],
  ['an empty line', `a\n1\n${'A'.repeat(43)}=\n\n`],
  ['two lines', 'a\n1\n'],
])('a tree head with %s is none', (_what, text) => {
  expect(parseTreeHead(text)).toBeUndefined();
});

test('a proof file is read as it was written, with extra data passed over', () => {
  const file = { index: 7, proof: [leafHash('a'), leafHash('b')], note: 'x\n1\n\n\u2014 x AAAAAAA=\n' };
  const text = formatInclusionFile(file);
  expect(text.startsWith('c2sp.org/tlog-proof@v1\nindex 7\n')).toBe(true);
  expect(parseInclusionFile(text)).toEqual(file);
  expect(parseInclusionFile(text.replace('index 7', 'extra AAAA\nindex 7'))).toEqual(file);
  const alone = { index: 0, proof: [], note: file.note };
  expect(parseInclusionFile(formatInclusionFile(alone))).toEqual(alone);
});

test.each([
  ['another first line', 'c2sp.org/tlog-proof@v2\nindex 1\n\nnote'],
  ['an index with a zero before it', 'c2sp.org/tlog-proof@v1\nindex 01\n\nnote'],
  ['a hash that is too short', 'c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nnote'],
  ['no tree head', 'c2sp.org/tlog-proof@v1\nindex 1\n'],
])('a proof file with %s is none', (_what, text) => {
  expect(parseInclusionFile(text)).toBeUndefined();
});

test('tiles have the paths of the specification', () => {
  expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067');
  expect(tilePath({ level: 1, index: 1, width: 17 })).toBe('tile/1/001.p/17');
  expect(bundlePath({ level: 0, index: 273, width: 112 })).toBe('tile/entries/273.p/112');
  for (const tile of [
    { level: 0, index: 1_234_067, width: 256 },
    { level: 3, index: 0, width: 1 },
    { level: 63, index: 999_999, width: 255 },
  ]) {
    expect(parseTilePath(tilePath(tile))).toEqual(tile);
  }
  expect(parseTilePath('tile/entries/273.p/112')).toEqual({ level: null, index: 273, width: 112 });
});

test.each([
  'tile/64/000',
  'tile/00/000',
  'tile/0/1',
  'tile/0/x000/001',
  'tile/0/000.p/256',
  'tile/0/000.p/0',
  'tile/0/../1',
])('%s is no tile', (path) => {
  expect(parseTilePath(path)).toBeUndefined();
});
