import { sql } from 'kysely';
import { canonicalText } from '../../core/digest.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Work } from './work.ts';
import type { Operations } from './operations.ts';

/** What entries of the chain record. */
export type EvidenceKind =
  | 'page_read'
  | 'cycle_ended'
  | 'stream_opened'
  | 'write_outcome'
  | 'dead_letter'
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
 * Appends one entry in the transaction of the fact it records: both are there or neither is.
 *
 * One statement, and the last of its transaction: the row of the head stays locked from here to the commit.
 *
 * @returns the ID of the entry
 */
export const appendEvidence = async (work: Work, fact: EvidenceFact): Promise<string> => {
  const id = work.newId();
  const { environment } = work.caller;
  const leaf = canonicalText({ id, kind: fact.kind, environment, sync: fact.sync, at: work.now, body: fact.body });
  await sql`
    with head as (
      update evidence_head
      set sequence = sequence + 1, hash = encode(sha256(convert_to(hash || ${leaf}::text, 'UTF8')), 'hex')
      returning sequence, hash
    )
    insert into evidence (sequence, evidence_id, environment, sync, kind, at, leaf, hash)
    select sequence, ${id}::uuid, ${environment}, ${fact.sync}, ${fact.kind}, ${work.now}, ${leaf}, hash from head
  `.execute(work.tx);
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
