import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from '../../src/core/evidence/frontier.ts';
import { type Hash, leafHash } from '../../src/core/evidence/merkle-hash.ts';
import { createSigner, formatVerifier } from '../../src/core/evidence/note-key.ts';
import {
  consistencyRanges,
  inclusionRanges,
  type LeafRange,
  rangeHash,
  type TreeNode,
} from '../../src/core/evidence/proof-ranges.ts';
import { formatNote, signText } from '../../src/core/evidence/signed-note.ts';
import { rootOfHashes } from '../../src/core/evidence/tile.ts';
import { formatTreeHead } from '../../src/core/evidence/tree-head.ts';
import { acceptedBySumdb, type Claim } from './sumdb.ts';

const SIZE = 300;
const origin = 'ledger.example.com/acme';
const texts = Array.from({ length: SIZE }, (_, index) => `{"entry":${index},"name":"Zoë"}`);
const hashes = texts.map((text) => leafHash(text));
const rootAt = (size: number): Hash => frontierRoot(appendLeaves(EMPTY_FRONTIER, hashes.slice(0, size)));
const read = ({ level, index }: TreeNode): Hash =>
  rootOfHashes(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
const proofOf = (ranges: readonly LeafRange[]): Hash[] => ranges.map((range) => rangeHash(range, read));

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  const at = Math.floor(bit / 8) % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit % 8));
  return copy;
};

const inclusions: Claim[] = [1, 2, 3, 7, 8, 9, 255, 256, 257, SIZE].flatMap((size) =>
  [...new Set([0, 1, Math.floor(size / 2), size - 1])]
    .filter((index) => index < size)
    .map((index) => ({
      kind: 'inclusion' as const,
      index,
      leaf: texts[index] ?? '',
      size,
      root: rootAt(size),
      proof: proofOf(inclusionRanges(index, size)),
    })),
);

const consistencies: Claim[] = [1, 2, 3, 4, 6, 64, 100, 255, 256, 257, SIZE].flatMap((oldSize) =>
  [oldSize, oldSize + 1, 256, 299, SIZE]
    .filter((size) => size >= oldSize && size <= SIZE)
    .map((size) => ({
      kind: 'consistency' as const,
      oldSize,
      oldRoot: rootAt(oldSize),
      size,
      root: rootAt(size),
      proof: proofOf(consistencyRanges(oldSize, size)),
    })),
);

const signer = createSigner(origin, 'ed25519', Buffer.alloc(32, 7));
const text = formatTreeHead({ origin, size: SIZE, root: rootAt(SIZE) });
const note = formatNote({ text, signatures: [signText(signer, text, 0)] });
const notes: Claim[] = [{ kind: 'note', key: formatVerifier(signer.verifier), note }];

/** The claim with one bit, or one row, changed. */
const tampered = (claim: Claim, bit: number): Claim => {
  switch (claim.kind) {
    case 'note':
      return { ...claim, note: claim.note.replace('300', String(301 + bit)) };
    case 'inclusion':
      return bit % 2 === 0 || claim.proof.length === 0
        ? { ...claim, leaf: `${claim.leaf} ` }
        : {
            ...claim,
            proof: claim.proof.map((hash, place) => (place === bit % claim.proof.length ? flipped(hash, bit) : hash)),
          };
    case 'consistency':
      return bit % 2 === 0 || claim.proof.length === 0
        ? { ...claim, oldRoot: flipped(claim.oldRoot, bit) }
        : { ...claim, proof: claim.proof.slice(1) };
  }
};

test('G9 heads and proofs are accepted by software that we did not write, and none that was tampered with', () => {
  const claims = [...notes, ...inclusions, ...consistencies];
  const forged = claims.flatMap((claim, place) => [tampered(claim, place), tampered(claim, place + 1)]);
  const accepted = acceptedBySumdb([...claims, ...forged]);
  expect(accepted.slice(0, claims.length).every(Boolean)).toBe(true);
  expect(accepted.slice(claims.length).some(Boolean)).toBe(false);
  expect(claims.length).toBeGreaterThan(70);
});
