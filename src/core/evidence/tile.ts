import { foldHashes, type Hash } from './merkle-hash.ts';
import type { TreeNode } from './proof-ranges.ts';

/** Hashes in a full tile, and entries in a full bundle. */
export const TILE_WIDTH = 256;
/** Levels of the tree from the hashes of a tile to their root. */
export const TILE_HEIGHT = 8;

/** A tile: up to 256 hashes beside each other, at every eighth level of the tree. Source: C2SP tlog-tiles. */
export type Tile = {
  /** 0 for the hashes of leaves, 1 for those of full tiles of leaves, and so on. */
  readonly level: number;
  readonly index: number;
  /** Hashes in it, 1 to 256. */
  readonly width: number;
};

/** How a tile is named in a path: in groups of three digits, all but the last with an x before them. */
const placeOf = (index: number): string => {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  return groups.map((group, place) => (place < groups.length - 1 ? `x${group}` : group)).join('/');
};

const widthOf = (width: number): string => (width === TILE_WIDTH ? '' : `.p/${width}`);

/** The path of a tile under the address of its ledger. */
export const tilePath = ({ level, index, width }: Tile): string => `tile/${level}/${placeOf(index)}${widthOf(width)}`;

/** The path of the entries whose hashes are a tile of level 0. */
export const bundlePath = ({ index, width }: Tile): string => `tile/entries/${placeOf(index)}${widthOf(width)}`;

/** Reads a path of `tilePath`, or `bundlePath` (then the level is null); undefined for another path. */
export const parseTilePath = (path: string): (Omit<Tile, 'level'> & { readonly level: number | null }) | undefined => {
  const pattern = /^tile\/(entries|0|[1-5]?[0-9]|6[0-3])\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;
  const [, level, place = '', partial] = pattern.exec(path) ?? [];
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  if (level === undefined || (partial !== undefined && width >= TILE_WIDTH)) return undefined;
  const index = Number(place.replaceAll(/[x/]/g, ''));
  return placeOf(index) === place ? { level: level === 'entries' ? null : Number(level), index, width } : undefined;
};

/** The tiles of a tree of `size` leaves that hold its last hashes, one for each level that has any; then the full ones. */
export const tilesOf = (size: number, fromSize = 0): readonly Tile[] => {
  const tiles: Tile[] = [];
  for (let [level, count, before] = [0, size, fromSize]; count > 0; level += 1) {
    for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < count; index += 1) {
      tiles.push({ level, index, width: Math.min(TILE_WIDTH, count - index * TILE_WIDTH) });
    }
    count = Math.floor(count / TILE_WIDTH);
    before = Math.floor(before / TILE_WIDTH);
  }
  return tiles;
};

/** The tile that a node of a tree of `size` leaves is computed from, and the hashes of the tile that are under it. */
export const tileOf = (
  node: TreeNode,
  size: number,
): { readonly tile: Tile; readonly from: number; readonly to: number } => {
  const level = Math.floor(node.level / TILE_HEIGHT);
  const width = 2 ** (node.level - level * TILE_HEIGHT);
  const first = node.index * width;
  const index = Math.floor(first / TILE_WIDTH);
  const count = Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH;
  const from = first - index * TILE_WIDTH;
  return { tile: { level, index, width: Math.min(TILE_WIDTH, count) }, from, to: from + width };
};

/** The root of hashes beside each other, a power of two of them. */
export const rootOfHashes = (hashes: readonly Hash[]): Hash => {
  let level = hashes;
  while (level.length > 1) {
    level = Array.from({ length: level.length / 2 }, (_, pair) => foldHashes(level.slice(pair * 2, pair * 2 + 2)));
  }
  const [root] = level;
  if (root === undefined) throw new RangeError('Cannot compute a root of no hashes');
  return root;
};
