import { createHash } from 'node:crypto';

/** SHA-256, 32 bytes. */
export type Hash = Uint8Array;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Hash of a leaf of the tree. Source: RFC 6962, section 2.1, as the two below. */
export const leafHash = (leaf: Uint8Array | string): Hash => createHash('sha256').update(LEAF).update(leaf).digest();

export const nodeHash = (left: Hash, right: Hash): Hash =>
  createHash('sha256').update(NODE).update(left).update(right).digest();

export const emptyHash = (): Hash => createHash('sha256').digest();

/** Folds the roots of complete subtrees that stand beside each other, the largest on the left, into the root of all. */
export const foldHashes = (roots: readonly Hash[]): Hash =>
  roots.length === 0 ? emptyHash() : roots.reduceRight((right, left) => nodeHash(left, right));

export const equalHashes = (a: Hash, b: Hash): boolean => Buffer.compare(a, b) === 0;
