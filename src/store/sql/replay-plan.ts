import { type RawBuilder, sql } from 'kysely';
import type { ContractBundle } from '../../core/contract/bundle.ts';
import type { SyncContract } from '../../core/contract/sync-contract.ts';
import type { Instant } from '../../core/instant.ts';
import { createRevalidate, type Revalidate } from '../../core/mapping/revalidate.ts';
import { type DeadLetter, type LetterSlice, REPLAY_MAX } from '../../core/protocol/dead-letter-routes.ts';
import { judgeFacts, judgePayload, type LetterPayload, type ReplayVerdict } from '../../core/replay/judge-replay.ts';
import type { ClosedLetterState } from '../../core/replay/letter-state.ts';
import { syncContractOf } from './contracts-table.ts';
import { inSlice } from './letter-slice.ts';
import { tryOpenPayload } from './obligations-table.ts';
import type { Work } from './work.ts';

export type ReplaySelection =
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  | { readonly kind: 'slice'; readonly slice: LetterSlice };

/** The open ones of a slice, or those named, in whatever state. */
const inSelection = (selection: ReplaySelection): RawBuilder<unknown> => {
  switch (selection.kind) {
    case 'ids':
      return sql`d.dead_letter_id = any(${selection.ids}::uuid[])`;
    case 'slice':
      return sql`d.closed_at is null and ${inSlice(selection.slice)}`;
  }
};

/** A dead letter that may be replayed, as far as its rows tell. */
export type Candidate = {
  id: string;
  external_id: string;
  updated_at: Instant;
  stage: DeadLetter['stage'];
  closed_as: ClosedLetterState | null;
  obligation_id: number | null;
  stream_id: number | null;
  digest: string | null;
  contract_version: string | null;
  newer_state: string | null;
  newer_applied: boolean;
};

export type Judged = { readonly candidate: Candidate; readonly verdict: ReplayVerdict };

/** Payloads that are open in memory at once. */
const OPENED_AT_ONCE = 20;

/**
 * The dead letters of a selection in the order in which they would be replayed: that of their versions. Two statements.
 *
 * @param isLocking true to keep the rows locked, so that nobody closes one meanwhile
 * @returns with `left`, how many of a slice are beyond `REPLAY_MAX`
 */
export const findCandidates = async (
  work: Work,
  bundle: ContractBundle,
  selection: ReplaySelection,
  isLocking: boolean,
): Promise<{ readonly candidates: readonly Candidate[]; readonly left: number }> => {
  const { sync, target } = bundle;
  const condition = sql`
    d.environment = ${work.caller.environment} and d.sync = ${sync.name} and ${inSelection(selection)}`;
  const found = await sql<Candidate>`
    select d.dead_letter_id as id, d.external_id, d.updated_at, d.stage, d.closed_as, d.obligation_id, o.stream_id, o.digest,
           o.contract_version,
           (select n.state from obligations n
            where n.stream_id = o.stream_id and n.external_id = o.external_id
              and (least(n.updated_at, n.opened_at), n.sequence) > (least(o.updated_at, o.opened_at), o.sequence)
            order by least(n.updated_at, n.opened_at) desc, n.sequence desc limit 1) as newer_state,
           coalesce((t.applied_at, coalesce(t.applied_sequence, 0)) > (d.version_at, coalesce(d.version_sequence, 0)),
                    false) as newer_applied
    from dead_letters d
    left join streams s on s.stream_id = d.stream_id
    left join obligations o on o.obligation_id = d.obligation_id
    left join target_records t on t.environment = d.environment and t.system = ${target.name}
      and t.entity = ${sync.target.entity} and t.field = ${sync.target.externalIdField} and t.external_id = d.external_id
    where ${condition}
    order by d.version_at, d.version_sequence, d.number limit ${REPLAY_MAX}
    ${isLocking ? sql`for update of d` : sql``}
  `.execute(work.tx);
  const all = await sql<{ count: number }>`
    select count(*) as count from dead_letters d left join streams s on s.stream_id = d.stream_id where ${condition}
  `.execute(work.tx);
  return { candidates: found.rows, left: (all.rows[0]?.count ?? 0) - found.rows.length };
};

type Sealed = { obligation_id: number; sealed: Buffer | null };

const findSealed = async (
  work: Work,
  obligationIds: readonly number[],
): Promise<ReadonlyMap<number, Buffer | null>> => {
  const found = await sql<Sealed>`
    select obligation_id, sealed from obligations where obligation_id = any(${obligationIds}::bigint[])
  `.execute(work.tx);
  return new Map(found.rows.map((row) => [row.obligation_id, row.sealed]));
};

/** The sync contracts that mapped the payloads, by bundle version. One statement for each. */
const findContracts = async (
  work: Work,
  sync: string,
  versions: readonly (string | null)[],
): Promise<ReadonlyMap<string | null, SyncContract | undefined>> => {
  const found = new Map<string | null, SyncContract | undefined>();
  for (const version of new Set(versions)) {
    found.set(version, version === null ? undefined : await syncContractOf(work, sync, version));
  }
  return found;
};

type Payloads = {
  readonly sealed: ReadonlyMap<number, Buffer | null>;
  readonly contracts: ReadonlyMap<string | null, SyncContract | undefined>;
  readonly revalidate: Revalidate;
};

const payloadOf = (work: Work, candidate: Candidate, payloads: Payloads): LetterPayload => {
  const { obligation_id: id, stream_id: streamId, external_id: externalId, digest } = candidate;
  const sealed = id === null ? null : (payloads.sealed.get(id) ?? null);
  if (sealed === null || streamId === null || digest === null) return { kind: 'dropped' };
  const fields = tryOpenPayload(work, { streamId, externalId, digest, sealed });
  if (fields === undefined) return { kind: 'unreadable' };
  const then = payloads.contracts.get(candidate.contract_version);
  return { kind: 'checked', result: payloads.revalidate(then, fields) };
};

/** Judges candidates under the contract of now, in their order. One statement for each twenty, and one for each contract. */
export const judgeCandidates = async (
  work: Work,
  bundle: ContractBundle,
  candidates: readonly Candidate[],
): Promise<readonly Judged[]> => {
  const revalidate = createRevalidate(bundle.sync);
  const versions = candidates.map((candidate) => candidate.contract_version);
  const contracts = await findContracts(work, bundle.sync.name, versions);
  const judged: Judged[] = [];
  for (let start = 0; start < candidates.length; start += OPENED_AT_ONCE) {
    const part = candidates.slice(start, start + OPENED_AT_ONCE);
    const ids = part.flatMap((candidate) => candidate.obligation_id ?? []);
    const payloads = { sealed: await findSealed(work, ids), contracts, revalidate };
    for (const candidate of part) {
      const verdict = judgeFacts({
        state: candidate.closed_as ?? 'open',
        hasObligation: candidate.obligation_id !== null,
        isReview: candidate.stage === 'review',
        newerState: candidate.newer_state,
        newerApplied: candidate.newer_applied,
      });
      judged.push({ candidate, verdict: verdict ?? judgePayload(payloadOf(work, candidate, payloads)) });
    }
  }
  return judged;
};
