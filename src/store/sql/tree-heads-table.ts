import { toBase64 } from '../../core/evidence/base64.ts';
import { frontierRoot } from '../../core/evidence/frontier.ts';
import { formatVerifier } from '../../core/evidence/note-key.ts';
import { formatNote, signText } from '../../core/evidence/signed-note.ts';
import { formatTreeHead } from '../../core/evidence/tree-head.ts';
import { compareInstants, instantToMs, shiftInstant } from '../../core/instant.ts';
import type { SignedTreeHead } from '../../core/protocol/ledger-routes.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { appendEvidence, lockFrontier } from './evidence-table.ts';
import type { Work } from './work.ts';

/** A little less than the hour in which a timer comes back. */
const DUE_AFTER_MS = 55 * 60_000;

type Row = { readonly size: number; readonly note: string; readonly signed_at: SignedTreeHead['signedAt'] };

const headOf = (work: Work, { size, note, signed_at: signedAt }: Row): SignedTreeHead => ({
  size,
  note,
  signedAt,
  key: formatVerifier(work.sealing.signer.verifier),
});

const findLatest = (work: Work): Promise<Row | undefined> =>
  work.tx
    .selectFrom('tree_heads')
    .select(['size', 'note', 'signed_at'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();

/**
 * Signs the head of the ledger as it is now. What is signed holds an entry that says when, so that heads that follow each
 * other with nothing between them show that nothing happened. Five statements.
 */
export const signTreeHead = async (work: Work): Promise<SignedTreeHead> => {
  const before = await lockFrontier(work);
  await appendEvidence(work, {
    kind: 'tree_head',
    sync: null,
    body: { size: before.size, root: toBase64(frontierRoot(before)), by: work.caller.keyId },
  });
  const frontier = await lockFrontier(work);
  const { signer } = work.sealing;
  const text = formatTreeHead({ origin: signer.verifier.name, size: frontier.size, root: frontierRoot(frontier) });
  const note = formatNote({ text, signatures: [signText(signer, text, Math.floor(instantToMs(work.now) / 1000))] });
  const row = { size: frontier.size, note, signed_at: work.now };
  await work.tx.insertInto('tree_heads').values(row).execute();
  return headOf(work, row);
};

/** Signs the head of the ledger, unless another process did within the hour. */
export const signIfDue = async (work: Work): Promise<SignedTreeHead> => {
  await lockFrontier(work);
  const last = await findLatest(work);
  const isDue = last === undefined || compareInstants(shiftInstant(last.signed_at, DUE_AFTER_MS), work.now) <= 0;
  return isDue ? signTreeHead(work) : headOf(work, last);
};

/** @throws StoreError `not_found` where none was signed yet */
export const getTreeHead = async (work: Work): Promise<SignedTreeHead> => {
  const last = await findLatest(work);
  if (last !== undefined) return headOf(work, last);
  throw new StoreError('not_found', 'No tree head was signed yet: sign one with tidemark evidence head --sign');
};
