import { foldHashes, type Hash } from './merkle-hash.ts';

/** A run of leaves whose hash is a part of a proof: from `start`, `size` of them. */
export type LeafRange = { readonly start: number; readonly size: number };

/** A complete subtree: of 2^level leaves, the `index`-th of that size from the left. */
export type TreeNode = { readonly level: number; readonly index: number };

/** The largest power of two below `size`, which is at least 2. */
const splitOf = (size: number): number => {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
};

const checkSizes = (small: number, large: number, what: string): void => {
  if (Number.isSafeInteger(small) && Number.isSafeInteger(large) && small > 0 && small <= large) return;
  throw new RangeError(`Cannot prove ${what} of ${small} in ${large} leaves`);
};

/**
 * The ranges whose hashes prove that a leaf is in a tree, from the leaf upwards.
 *
 * @param index of the leaf, from 0
 * @param size  leaves in the tree
 * @throws RangeError when the tree has no such leaf
 * Source: RFC 6962, section 2.1.1.
 */
export const inclusionRanges = (index: number, size: number): readonly LeafRange[] => {
  checkSizes(index + 1, size, 'inclusion');
  const ranges: LeafRange[] = [];
  let [start, left] = [0, size];
  while (left > 1) {
    const split = splitOf(left);
    if (index < start + split) {
      ranges.push({ start: start + split, size: left - split });
      left = split;
    } else {
      ranges.push({ start, size: split });
      start += split;
      left -= split;
    }
  }
  return ranges.toReversed();
};

/**
 * The ranges whose hashes prove that a tree begins with all of an older one, from the leaves upwards.
 *
 * @param older leaves of the older tree, from 1
 * @param newer leaves of the newer one
 * @throws RangeError when the older is the larger, or empty, with which every tree begins
 * Source: RFC 6962, section 2.1.2.
 */
export const consistencyRanges = (older: number, newer: number): readonly LeafRange[] => {
  checkSizes(older, newer, 'consistency');
  const ranges: LeafRange[] = [];
  let [start, left] = [0, newer];
  // While nothing was split off on the left, the root of the older tree is known to the verifier.
  while (start + left !== older) {
    const split = splitOf(left);
    if (older <= start + split) {
      ranges.push({ start: start + split, size: left - split });
      left = split;
    } else {
      ranges.push({ start, size: split });
      start += split;
      left -= split;
    }
  }
  if (start > 0) ranges.push({ start, size: left });
  return ranges.toReversed();
};

/** The complete subtrees that a range of a proof, or a tree from 0, is made of: the largest first. */
export const rangeNodes = ({ start, size }: LeafRange): readonly TreeNode[] => {
  const nodes: TreeNode[] = [];
  let [at, left] = [start, size];
  while (left > 0) {
    const width = left === 1 ? 1 : splitOf(left + 1);
    nodes.push({ level: Math.log2(width), index: at / width });
    at += width;
    left -= width;
  }
  return nodes;
};

/** The hash of a range, from those of its nodes. */
export const rangeHash = (range: LeafRange, read: (node: TreeNode) => Hash): Hash =>
  foldHashes(rangeNodes(range).map(read));
