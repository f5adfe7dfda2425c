import { foldHashes, type Hash, nodeHash } from './merkle-hash.ts';
import { TILE_HEIGHT } from './tile.ts';

/**
 * What must be known of a tree to append to it: the roots of the complete subtrees that it is made of, the largest
 * first. At most 53 of them, one for each bit of `size`.
 */
export type Frontier = { readonly size: number; readonly roots: readonly Hash[] };

export const EMPTY_FRONTIER: Frontier = { size: 0, roots: [] };

/** The root of a full tile: a hash of a tile one level up, from which proofs are made without reading every leaf. */
export type TileHash = {
  /** Of the tile that it is in, from 1. */
  readonly level: number;
  readonly index: number;
  readonly hash: Hash;
};

export type Grown = Frontier & { readonly tileHashes: readonly TileHash[] };

/** A tree with leaves appended, and the tile hashes that became known. About one hash for each leaf, beside its own. */
export const appendLeaves = (frontier: Frontier, leaves: readonly Hash[]): Grown => {
  const tileHashes: TileHash[] = [];
  const roots = [...frontier.roots];
  let { size } = frontier;
  for (const leaf of leaves) {
    let root = leaf;
    // As many subtrees are completed as there are ones at the end of the size.
    let height = 0;
    for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = roots.pop();
      if (left === undefined) throw new Error(`Cannot append to a tree of ${size} leaves: its frontier is too short`);
      root = nodeHash(left, root);
      height += 1;
      if (height % TILE_HEIGHT === 0) {
        tileHashes.push({ level: height / TILE_HEIGHT, index: (size + 1) / 2 ** height - 1, hash: root });
      }
    }
    roots.push(root);
    size += 1;
  }
  return { size, roots, tileHashes };
};

/** The root of the tree. */
export const frontierRoot = ({ roots }: Frontier): Hash => foldHashes(roots);
