import { createHash } from 'node:crypto';

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

const treeHash = (leaves: readonly Uint8Array[]): Uint8Array => {
  const [first, ...more] = leaves;
  if (first === undefined) return sha256();
  if (more.length === 0) return first;
  const half = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return sha256(Uint8Array.of(1), treeHash(leaves.slice(0, half)), treeHash(leaves.slice(half)));
};

/** Hash of a leaf by the published rule (RFC 6962), with none of Tidemark's code. */
export const publishedLeafHash = (leaf: string): string =>
  Buffer.from(sha256(Uint8Array.of(0), Buffer.from(leaf, 'utf8'))).toString('hex');

/** Root of the tree over leaves by the published rule, with none of Tidemark's code. */
export const publishedRoot = (leaves: readonly string[]): string =>
  Buffer.from(treeHash(leaves.map((leaf) => Buffer.from(publishedLeafHash(leaf), 'hex')))).toString('hex');
