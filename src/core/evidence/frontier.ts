import { foldHashes, type Hash, nodeHash } from './merkle-hash.ts';

/**
 * What must be known of a tree to append to it: the roots of the complete subtrees that it is made of, the largest
 * first. At most 53 of them, one for each bit of `size`.
 */
export type Frontier = { readonly size: number; readonly roots: readonly Hash[] };

export const EMPTY_FRONTIER: Frontier = { size: 0, roots: [] };

/** A tree with leaves appended. About one hash for each leaf, beside that of the leaf itself. */
export const appendLeaves = (frontier: Frontier, leaves: readonly Hash[]): Frontier => {
  const roots = [...frontier.roots];
  let { size } = frontier;
  for (const leaf of leaves) {
    let root = leaf;
    // As many subtrees are completed as there are ones at the end of the size.
    for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = roots.pop();
      if (left === undefined) throw new Error(`Cannot append to a tree of ${size} leaves: its frontier is too short`);
      root = nodeHash(left, root);
    }
    roots.push(root);
    size += 1;
  }
  return { size, roots };
};

/** The root of the tree. */
export const frontierRoot = ({ roots }: Frontier): Hash => foldHashes(roots);
