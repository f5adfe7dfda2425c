import { sql } from 'kysely';
import { canonicalText, digestText } from '../../core/digest.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Work } from './work.ts';
import type { Operations } from './operations.ts';

/** What entries of the chain record. */
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
  | 'waiver'
  | 'reconciliation_finished'
  | 'contract_applied'
  | 'key_created'
  | 'key_revoked'
  | 'refusal';

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
  const head = await work.tx
    .selectFrom('evidence_head')
    .select(['sequence', 'hash'])
    .forUpdate()
    .executeTakeFirstOrThrow();
  let { sequence, hash } = head;
  const rows = facts.map(({ kind, sync, body }) => {
    const id = work.newId();
    const leaf = canonicalText({ id, kind, environment, sync, at: work.now, body });
    sequence += 1;
    hash = digestText(hash + leaf);
    return { sequence, evidence_id: id, sync, kind, leaf, hash };
  });
  await sql`
    with moved as (update evidence_head set sequence = ${sequence}::bigint, hash = ${hash})
    insert into evidence (sequence, evidence_id, environment, sync, kind, at, leaf, hash)
    select r.sequence, r.evidence_id, ${environment}, r.sync, r.kind, ${work.now}, r.leaf, r.hash
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      sequence bigint, evidence_id uuid, sync text, kind text, leaf text, hash text)
  `.execute(work.tx);
  return rows.map((row) => row.evidence_id);
};

/** Appends one entry, as `appendAllEvidence` does. */
export const appendEvidence = async (work: Work, fact: EvidenceFact): Promise<string> => {
  const [id] = await appendAllEvidence(work, [fact]);
  if (id === undefined) throw new Error('Cannot append evidence: no entry was made');
  return id;
};

/** Entries of the caller's environment in order, with the head of the whole chain. */
export const listEvidence = async (
  work: Work,
  request: Parameters<Operations['listEvidence']>[2],
): ReturnType<Operations['listEvidence']> => {
  const rows = await work.tx
    .selectFrom('evidence')
    .select(['sequence', 'evidence_id', 'kind', 'at', 'leaf', 'hash'])
    .where('environment', '=', work.caller.environment)
    .where('sequence', '>', request.after)
    .orderBy('sequence')
    .limit(request.limit)
    .execute();
  const head = await work.tx.selectFrom('evidence_head').select(['sequence', 'hash']).executeTakeFirstOrThrow();
  return {
    entries: rows.map(({ evidence_id: id, ...row }) => ({ id, ...row })),
    headSequence: head.sequence,
    headHash: head.hash,
  };
};
