import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from '../../../src/core/evidence/frontier.ts';
import { emptyHash, type Hash, leafHash, nodeHash } from '../../../src/core/evidence/merkle-hash.ts';
import {
  consistencyRanges,
  inclusionRanges,
  type LeafRange,
  rangeHash,
  type TreeNode,
} from '../../../src/core/evidence/proof-ranges.ts';
import { rootOfHashes, tileOf, tilesOf } from '../../../src/core/evidence/tile.ts';
import { isConsistent, isIncluded } from '../../../src/core/evidence/verify-proof.ts';

const hex = (hash: Hash): string => Buffer.from(hash).toString('hex');
const leaves = (count: number): Hash[] => Array.from({ length: count }, (_, index) => leafHash(`leaf ${index}`));

/** The definition of RFC 6962, word for word: what everything else is held against. */
const mth = (all: readonly Hash[]): Hash => {
  const [first] = all;
  if (first === undefined) return createHash('sha256').digest();
  if (all.length === 1) return first;
  let split = 1;
  while (split * 2 < all.length) split *= 2;
  return nodeHash(mth(all.slice(0, split)), mth(all.slice(split)));
};

const reader =
  (all: readonly Hash[]) =>
  ({ level, index }: TreeNode): Hash =>
    mth(all.slice(index * 2 ** level, (index + 1) * 2 ** level));

const hashesOf = (ranges: readonly LeafRange[], all: readonly Hash[]): Hash[] =>
  ranges.map((range) => rangeHash(range, reader(all)));

// The eight leaves of the certificate-transparency project's own tests.
const known = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];

test('the tree over eight known leaves has the known root', () => {
  const hashes = known.map((leaf) => leafHash(Buffer.from(leaf, 'hex')));
  expect(hex(frontierRoot(appendLeaves(EMPTY_FRONTIER, hashes)))).toBe(
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  );
});

test('an empty tree has the hash of nothing', () => {
  expect(hex(frontierRoot(EMPTY_FRONTIER))).toBe(hex(emptyHash()));
});

test('a tree that grows in any steps has the root of its definition', () => {
  const all = leaves(70);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 10 }), (steps) => {
      let frontier = EMPTY_FRONTIER;
      for (const step of steps) frontier = appendLeaves(frontier, all.slice(frontier.size, frontier.size + step));
      expect(hex(frontierRoot(frontier))).toBe(hex(mth(all.slice(0, frontier.size))));
      expect(frontier.roots).toHaveLength(frontier.size.toString(2).replaceAll('0', '').length);
    }),
  );
});

test('every leaf of every small tree is proved, at its own place only', () => {
  const all = leaves(40);
  for (let size = 1; size <= all.length; size += 1) {
    const tree = all.slice(0, size);
    const root = mth(tree);
    for (const [index, leaf] of tree.entries()) {
      const proof = hashesOf(inclusionRanges(index, size), tree);
      expect(isIncluded({ index, size, leaf, root, proof })).toBe(true);
      expect(isIncluded({ index: index + 1, size, leaf, root, proof })).toBe(false);
      expect(isIncluded({ index, size, leaf: nodeHash(leaf, leaf), root, proof })).toBe(false);
      expect(isIncluded({ index, size, leaf, root, proof: [...proof, leaf] })).toBe(false);
      expect(size === 1 || !isIncluded({ index, size, leaf, root, proof: proof.slice(1) })).toBe(true);
    }
  }
});

test('every small tree is proved to begin with every older one, and with no other', () => {
  const all = leaves(24);
  for (let newer = 1; newer <= all.length; newer += 1) {
    const tree = all.slice(0, newer);
    for (let older = 1; older <= newer; older += 1) {
      const proof = hashesOf(consistencyRanges(older, newer), tree);
      const claim = {
        older: { size: older, root: mth(all.slice(0, older)) },
        newer: { size: newer, root: mth(tree) },
        proof,
      };
      expect(isConsistent(claim)).toBe(true);
      const forged = { ...claim.older, root: leafHash('another') };
      expect(isConsistent({ ...claim, older: forged })).toBe(false);
      expect(isConsistent({ ...claim, newer: { ...claim.newer, root: leafHash('another') } })).toBe(false);
      expect(isConsistent({ ...claim, proof: [...proof, leafHash('one more')] })).toBe(false);
    }
  }
});

test('a proof of what is not there is not made', () => {
  expect(() => inclusionRanges(5, 5)).toThrow(RangeError);
  expect(() => inclusionRanges(-1, 5)).toThrow(RangeError);
  expect(() => consistencyRanges(6, 5)).toThrow(RangeError);
  expect(() => consistencyRanges(0, 5)).toThrow(RangeError);
});

test('the nodes of a large tree are computed from its tiles', () => {
  const all = leaves(70_000);
  const tiles = new Map<string, Hash[]>();
  for (const { level, index, width } of tilesOf(all.length)) {
    const below = tiles.get(`${level - 1}`) ?? [];
    const hashes =
      level === 0
        ? all.slice(index * 256, index * 256 + width)
        : Array.from({ length: width }, (_, place) =>
            rootOfHashes(below.slice((index * 256 + place) * 256, (index * 256 + place + 1) * 256)),
          );
    tiles.set(`${level}`, [...(tiles.get(`${level}`) ?? []), ...hashes]);
  }
  expect(tilesOf(70_000).filter(({ width }) => width < 256)).toEqual([
    { level: 0, index: 273, width: 112 },
    { level: 1, index: 1, width: 17 },
    { level: 2, index: 0, width: 1 },
  ]);
  const read = (node: TreeNode): Hash => {
    const { tile, from, to } = tileOf(node, all.length);
    return rootOfHashes((tiles.get(`${tile.level}`) ?? []).slice(tile.index * 256 + from, tile.index * 256 + to));
  };
  const root = frontierRoot(appendLeaves(EMPTY_FRONTIER, all));
  expect(hex(rangeHash({ start: 0, size: all.length }, read))).toBe(hex(root));
  for (const index of [0, 255, 256, 65_535, 65_536, 69_999]) {
    const proof = inclusionRanges(index, all.length).map((range) => rangeHash(range, read));
    expect(isIncluded({ index, size: all.length, leaf: all[index] ?? emptyHash(), root, proof })).toBe(true);
  }
});
