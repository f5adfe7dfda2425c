import { sql } from 'kysely';
import { canonicalText } from '../../core/digest.ts';
import { toBase64 } from '../../core/evidence/base64.ts';
import { appendLeaves, type Frontier, frontierRoot } from '../../core/evidence/frontier.ts';
import { leafHash } from '../../core/evidence/merkle-hash.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Work } from './work.ts';
import type { Caller, Operations } from './operations.ts';

/** What entries of the ledger record. */
export type EvidenceKind =
  | 'page_read'
  | 'boundary'
  | 'cycle_ended'
  | 'stream_opened'
  | 'stream_taken_over'
  | 'write_outcome'
  | 'acknowledged'
  | 'claimed'
  | 'circuit'
  | 'dead_letter'
  | 'dead_letter_resolved'
  | 'held_released'
  | 'replay'
  | 'replay_dry_run'
  | 'waiver'
  | 'reconciliation_finished'
  | 'contract_applied'
  | 'key_created'
  | 'key_revoked'
  | 'refusal'
  | 'tree_head';

export type EvidenceFact = {
  readonly kind: EvidenceKind;
  readonly sync: string | null;
  /** Holds no record value; external IDs only as pseudonyms. */
  readonly body: JsonObject;
};

/**
 * Appends entries in the transaction of the facts they record: all are there or none is.
 *
 * Two statements, and the last of their transaction: the row of the head stays locked from here to the commit.
 *
 * @returns the IDs of the entries, in the order of the facts
 */
export const appendAllEvidence = async (work: Work, facts: readonly EvidenceFact[]): Promise<string[]> => {
  if (facts.length === 0) return [];
  const { environment } = work.caller;
  const before = await lockFrontier(work);
  const entries = facts.map(({ kind, sync, body }, place) => {
    const id = work.newId();
    const leaf = canonicalText({ id, kind, environment, sync, at: work.now, body });
    return { sequence: before.size + place + 1, evidence_id: id, sync, kind, leaf, hash: leafHash(leaf) };
  });
  const after = appendLeaves(
    before,
    entries.map(({ hash }) => hash),
  );
  const tiles = after.tileHashes.map((tile) => ({ ...tile, hash: hexOf(tile.hash) }));
  const rows = entries.map((entry) => ({ ...entry, hash: hexOf(entry.hash) }));
  await sql`
    with moved as (
      update evidence_head set size = ${after.size}::bigint, roots = ${JSON.stringify(after.roots.map(toBase64))}::jsonb
    ), tiles as (
      insert into tile_hashes (level, index, hash)
      select t.level, t.index, t.hash
      from jsonb_to_recordset(${JSON.stringify(tiles)}::jsonb) as t(level integer, index bigint, hash text)
    )
    insert into evidence (sequence, evidence_id, environment, sync, kind, at, leaf, hash)
    select r.sequence, r.evidence_id, ${environment}, r.sync, r.kind, ${work.now}, r.leaf, r.hash
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      sequence bigint, evidence_id uuid, sync text, kind text, leaf text, hash text)
  `.execute(work.tx);
  return rows.map((row) => row.evidence_id);
};

const hexOf = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');

const frontierOf = ({ size, roots }: { size: number; roots: readonly string[] }): Frontier => ({
  size,
  roots: roots.map((root) => Buffer.from(root, 'base64')),
});

/** The tree over all entries, locked until the end of the transaction: nothing is appended meanwhile. One statement. */
export const lockFrontier = async (work: Work): Promise<Frontier> =>
  frontierOf(await work.tx.selectFrom('evidence_head').select(['size', 'roots']).forUpdate().executeTakeFirstOrThrow());

/** Appends one entry, as `appendAllEvidence` does. */
export const appendEvidence = async (work: Work, fact: EvidenceFact): Promise<string> => {
  const [id] = await appendAllEvidence(work, [fact]);
  if (id === undefined) throw new Error('Cannot append evidence: no entry was made');
  return id;
};

/** A caller is shown the entries of its environment, and the signing of heads, which is that of both. */
export const isShownTo = ({ environment }: Caller) =>
  sql<boolean>`(environment = ${environment} or kind = 'tree_head')`;

/** Entries that the caller is shown, in order, with size and root of the tree over those of both. */
export const listEvidence = async (
  work: Work,
  request: Parameters<Operations['listEvidence']>[2],
): ReturnType<Operations['listEvidence']> => {
  const rows = await work.tx
    .selectFrom('evidence')
    .select(['sequence', 'evidence_id', 'kind', 'at', 'leaf', 'hash'])
    .where(isShownTo(work.caller))
    .where('sequence', '>', request.after)
    .orderBy('sequence')
    .limit(request.limit)
    .execute();
  const head = await work.tx.selectFrom('evidence_head').select(['size', 'roots']).executeTakeFirstOrThrow();
  return {
    entries: rows.map(({ evidence_id: id, ...row }) => ({ id, ...row })),
    treeSize: head.size,
    rootHash: hexOf(frontierRoot(frontierOf(head))),
  };
};
