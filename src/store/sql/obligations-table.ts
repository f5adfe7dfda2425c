import { sql } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import type { JsonObject } from '../../core/json.ts';
import { deliveryChange } from '../../core/obligation/delivery-state.ts';
import { isUnsettled, obligationChange, type ObligationState } from '../../core/obligation/obligation-state.ts';
import type { ReadVersion } from '../../core/obligation/page-news.ts';
import type { Work } from './work.ts';

export type NewObligation = {
  readonly externalId: string;
  readonly updatedAt: Instant;
  readonly digest: string;
  readonly state: ObligationState;
  readonly reason: string | null;
  /** Sealed while unsettled; null for one that is settled at once. */
  readonly payload: JsonObject | null;
};

export type OpenedObligation = { readonly obligationId: number; readonly externalId: string; readonly digest: string };

export type Opening = {
  readonly streamId: number;
  readonly deadlineAt: Instant;
  /** Of the contract that mapped the payloads; null where that is not known. */
  readonly contractVersion: string | null;
};
type Insert = Opening & { readonly cycleId: string | null };

/** What a sealed payload is bound to: it opens under no other record or version. */
const about = (streamId: number, externalId: string, digest: string): string => `${streamId}/${externalId}/${digest}`;

/**
 * Inserts obligations in the order given, which becomes their sequence. None counts as observed before an earlier one of
 * its record, as it would by a server whose clock is behind: it would be ordered before it, and never be written.
 * One statement.
 */
export const insertObligations = async (
  work: Work,
  insert: Insert,
  all: readonly NewObligation[],
): Promise<OpenedObligation[]> => {
  if (all.length === 0) return [];
  const rows = all.map((one, index) => {
    const sealed =
      one.payload === null || !isUnsettled(one.state)
        ? null
        : work.sealing.seal(one.payload, about(insert.streamId, one.externalId, one.digest));
    return {
      place: index,
      external_id: one.externalId,
      updated_at: one.updatedAt,
      digest: one.digest,
      state: one.state,
      reason: one.reason,
      settled_at: isUnsettled(one.state) ? null : work.now,
      sealed: sealed?.toString('base64') ?? null,
      sealed_bytes: sealed === null ? 0 : JSON.stringify(one.payload).length,
    };
  });
  const inserted = await sql<{ obligation_id: number; external_id: string; digest: string }>`
    insert into obligations (stream_id, external_id, updated_at, digest, state, reason, settled_at, sealed, sealed_bytes,
                             opened_at, deadline_at, cycle_id, contract_version, checked_version)
    select ${insert.streamId}::bigint, r.external_id, r.updated_at, r.digest, r.state, r.reason, r.settled_at,
           decode(r.sealed, 'base64'), r.sealed_bytes,
           greatest(${work.now}, (select max(p.opened_at) from obligations p
                                  where p.stream_id = ${insert.streamId} and p.external_id = r.external_id)),
           ${insert.deadlineAt}, ${insert.cycleId}::uuid,
           ${insert.contractVersion}, ${insert.contractVersion}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      place integer, external_id text, updated_at text, digest text, state text, reason text, settled_at text, sealed text,
      sealed_bytes integer)
    order by r.place
    on conflict (stream_id, external_id, updated_at, digest) do nothing
    returning obligation_id, external_id, digest
  `.execute(work.tx);
  return inserted.rows.map((row) => ({
    obligationId: row.obligation_id,
    externalId: row.external_id,
    digest: row.digest,
  }));
};

type Version = ReadVersion & { readonly payload: JsonObject };

/** A version with its payload sealed, as a row of the JSON value that a statement takes. */
export const sealedRow = (work: Work, streamId: number, { externalId, updatedAt, digest, payload }: Version) => ({
  external_id: externalId,
  updated_at: updatedAt,
  digest,
  sealed: work.sealing.seal(payload, about(streamId, externalId, digest)).toString('base64'),
  sealed_bytes: JSON.stringify(payload).length,
});

export type SealedPayload = {
  readonly streamId: number;
  readonly externalId: string;
  readonly digest: string;
  readonly sealed: Buffer;
};

/** @throws when it was sealed under another secret or for another record, or was changed */
export const openPayload = (work: Work, { streamId, externalId, digest, sealed }: SealedPayload): JsonObject =>
  work.sealing.open(sealed, about(streamId, externalId, digest));

/** The payload; undefined for one that does not open. */
export const tryOpenPayload = (work: Work, payload: SealedPayload): JsonObject | undefined => {
  try {
    return openPayload(work, payload);
  } catch {
    // Why does not matter, and the library's message says nothing more: it does not open.
    return undefined;
  }
};

/**
 * Two versions of a record are ordered by their update time, but never by one later than when they were observed: a row
 * dated 2099 by mistake and corrected since would otherwise rule for ever. Hence `least(updated_at, opened_at)`.
 *
 * Supersedes the unsettled obligations of entities that are older than the newest known of each, but for those in
 * flight: a delivery that a Zap is just working on is left to it. One statement.
 */
export const supersedeOlder = async (work: Work, streamId: number, externalIds: readonly string[]): Promise<void> => {
  const { from, to } = obligationChange('newer_read');
  await sql`
    update obligations o
    set state = ${to}, settled_at = ${work.now}, sealed = null, due_at = null, reason = 'A newer version was read'
    where o.stream_id = ${streamId} and o.external_id = any(${externalIds}::text[])
      and o.state = any(${from}::text[])
      and (o.due_at is null or o.due_at <= ${work.now})
      and exists (
        select 1 from obligations n
        where n.stream_id = o.stream_id and n.external_id = o.external_id
          and (least(n.updated_at, n.opened_at), n.sequence) > (least(o.updated_at, o.opened_at), o.sequence))
  `.execute(work.tx);
};

/**
 * Settles one obligation without the target; nothing happens to one that is settled already. A dead letter keeps its
 * sealed payload until it is closed. One statement.
 */
export const settleObligation = async (
  work: Work,
  obligationId: number,
  event: 'newer_on_target' | 'given_up',
  reason: string | null,
): Promise<void> => {
  const { from, to } = obligationChange(event);
  const delivery = deliveryChange('settled');
  await sql`
    with acknowledged as (
      update deliveries set state = ${delivery.to}, acknowledged_at = ${work.now}
      where obligation_id = ${obligationId} and state = any(${delivery.from}::text[])
    )
    update obligations
    set state = ${to}, settled_at = ${work.now}, due_at = null, reason = ${reason},
        sealed = case when ${to}::text = 'dead_lettered' then sealed end
    where obligation_id = ${obligationId} and state = any(${from}::text[])
  `.execute(work.tx);
};

/** Settles the obligations of versions that are on the target, and every older one of their records. One statement. */
export const settleOnTarget = async (
  work: Work,
  obligationIds: readonly number[],
  event: 'written' | 'found_on_target',
  reason: string | null,
): Promise<void> => {
  if (obligationIds.length === 0) return;
  const own = obligationChange(event);
  const older = obligationChange('newer_on_target');
  const delivery = deliveryChange('settled');
  await sql`
    with acknowledged as (
      update deliveries set state = ${delivery.to}, acknowledged_at = ${work.now}
      where obligation_id = any(${obligationIds}::bigint[]) and state = any(${delivery.from}::text[])
    )
    update obligations o
    set state = case when o.obligation_id = done.obligation_id then ${own.to} else ${older.to} end,
        reason = case when o.obligation_id = done.obligation_id then ${reason} else 'A newer version reached the target' end,
        settled_at = ${work.now}, sealed = null, due_at = null
    from obligations done
    where done.obligation_id = any(${obligationIds}::bigint[]) and o.stream_id = done.stream_id and o.external_id = done.external_id
      and o.state = any(case when o.obligation_id = done.obligation_id then ${own.from}::text[] else ${older.from}::text[] end)
      and (least(o.updated_at, o.opened_at), o.sequence)
          <= (least(done.updated_at, done.opened_at), done.sequence)
  `.execute(work.tx);
};

/** Takes back that a version was given up on: it was written after all. One statement. */
export const takeBackGivenUp = async (
  work: Work,
  obligationId: number,
  event: 'written_after_all' | 'overtaken_after_all',
): Promise<void> => {
  const { from, to } = obligationChange(event);
  await sql`
    update obligations set state = ${to}, settled_at = ${work.now}, sealed = null, reason = null
    where obligation_id = ${obligationId} and state = any(${from}::text[])
  `.execute(work.tx);
};

/**
 * Opens obligations anew, of versions that reached the target and are not there any more. What was given up or waived
 * stays so. One statement.
 *
 * @returns the external IDs whose version had an obligation
 */
export const reopenObligations = async (
  work: Work,
  { streamId, deadlineAt, contractVersion }: Opening,
  all: readonly Version[],
): Promise<ReadonlySet<string>> => {
  const { from, to } = obligationChange('wanted_again');
  const rows = all.map((one) => sealedRow(work, streamId, one));
  const reopened = await sql<{ external_id: string }>`
    update obligations o
    set state = ${to}, settled_at = null, due_at = null, not_before = null, attempts = 0,
        sequence = nextval('observation_sequence'),
        opened_at = greatest(${work.now}, (select max(p.opened_at) from obligations p
                                           where p.stream_id = o.stream_id and p.external_id = o.external_id)),
        deadline_at = ${deadlineAt}, contract_version = ${contractVersion}, checked_version = ${contractVersion},
        sealed = decode(r.sealed, 'base64'), sealed_bytes = r.sealed_bytes, reason = 'Repair'
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      external_id text, updated_at text, digest text, sealed text, sealed_bytes integer)
    where o.stream_id = ${streamId} and o.external_id = r.external_id and o.updated_at = r.updated_at and o.digest = r.digest
      and o.state = any(${from}::text[])
    returning o.external_id
  `.execute(work.tx);
  return new Set(reopened.rows.map((row) => row.external_id));
};
