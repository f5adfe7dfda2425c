import { parseInclusionFile } from '../core/evidence/inclusion-file.ts';
import { leafHash } from '../core/evidence/merkle-hash.ts';
import { parseVerifier } from '../core/evidence/note-key.ts';
import { parseNote, verifyNote } from '../core/evidence/signed-note.ts';
import { parseTreeHead } from '../core/evidence/tree-head.ts';
import { isIncluded } from '../core/evidence/verify-proof.ts';

export type EvidenceCheck =
  | { readonly kind: 'holds'; readonly origin: string; readonly size: number; readonly index: number }
  /** The first thing that is wrong. */
  | { readonly kind: 'fails'; readonly reason: string };

const fails = (reason: string): EvidenceCheck => ({ kind: 'fails', reason });

/**
 * Checks that an entry is in the ledger of a key. Reads nothing and asks nobody.
 *
 * @param leaf  the entry, byte for byte
 * @param proof its proof file
 * @param key   of the ledger, as text
 */
export const verifyEvidence = (given: { leaf: string; proof: string; key: string }): EvidenceCheck => {
  const verifier = parseVerifier(given.key);
  if (verifier === undefined) return fails('the key given is none');
  const file = parseInclusionFile(given.proof);
  if (file === undefined) return fails('the proof is no proof file');
  const note = parseNote(file.note);
  const head = note === undefined ? undefined : parseTreeHead(note.text);
  if (note === undefined || head === undefined) return fails('the proof holds no tree head');
  const verified = verifyNote(note, [verifier]);
  if (verified === undefined) return fails('the signature of the tree head is forged');
  if (verified.length === 0) return fails(`the tree head is not signed by ${verifier.name}`);
  if (head.origin !== verifier.name) return fails(`the tree head is that of another ledger, ${head.origin}`);
  const { index, proof } = file;
  const isThere = isIncluded({ index, size: head.size, leaf: leafHash(given.leaf), root: head.root, proof });
  return isThere
    ? { kind: 'holds', origin: head.origin, size: head.size, index }
    : fails('the entry is not the one that the proof is of');
};
