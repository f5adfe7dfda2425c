import { sql } from 'kysely';
import { type Instant, shiftInstant } from '../../core/instant.ts';
import type { ObligationState } from '../../core/obligation/obligation-state.ts';
import {
  decidePage,
  type FreshObligation,
  type Known,
  momentKey,
  type ReadVersion,
  versionKey,
  wantedOf,
} from '../../core/obligation/page-news.ts';
import { CYCLE_LEASE_MS, type ObservedRecord } from '../../core/protocol/cycle-routes.ts';
import { cycleTable } from '../../core/read/cycle-lease.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { appendEvidence } from './evidence-table.ts';
import { currentBundle } from './contracts-table.ts';
import { closeApplied, fileDeadLetter } from './dead-letters-table.ts';
import { insertObligations, type OpenedObligation, supersedeOlder } from './obligations-table.ts';
import { observeAgain } from './observed-again.ts';
import type { Operations } from './operations.ts';
import { boundaryEvidence, takeIntoEdge } from './stream-edge.ts';
import { moveCommitted, ownCycle, type OwnedCycle } from './streams-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['recordPage']>[2];
type Reply = ReturnType<Operations['recordPage']>;

/** What is known of the page's entities. Two statements. */
const findKnown = async (work: Work, cycle: OwnedCycle, externalIds: readonly string[]): Promise<Known> => {
  const versions = await work.tx
    .selectFrom('obligations')
    .select(['external_id', 'updated_at', 'digest', 'state', 'sequence'])
    .where('stream_id', '=', cycle.streamId)
    .where('external_id', '=', sql<string>`any(${externalIds}::text[])`)
    .execute();
  const applied = await sql<{ external_id: string; applied_digest: string }>`
    select t.external_id, t.applied_digest
    from target_records t
    join syncs s on s.environment = t.environment and s.target_system = t.system and s.target_entity = t.entity and s.target_field = t.field
    where s.environment = ${work.caller.environment} and s.name = ${cycle.sync}
      and t.external_id = any(${externalIds}::text[]) and t.applied_digest is not null and not t.drifted
      and (t.intent_state is null or t.intent_state = 'confirmed')
      and not exists (select 1 from obligations o where o.stream_id = ${cycle.streamId}
                      and o.external_id = t.external_id and o.state in ('open', 'held'))
  `.execute(work.tx);
  const latest = new Map<string, number>();
  const byVersion = new Map<string, ReadVersion & { state: ObligationState; sequence: number }>();
  for (const { external_id: externalId, updated_at: updatedAt, digest, state, sequence } of versions) {
    byVersion.set(versionKey({ externalId, updatedAt, digest }), { externalId, updatedAt, digest, state, sequence });
    const moment = momentKey({ externalId, updatedAt });
    latest.set(moment, Math.max(sequence, latest.get(moment) ?? 0));
  }
  return {
    versions: byVersion,
    latest,
    appliedDigest: new Map(applied.rows.map((row) => [row.external_id, row.applied_digest])),
  };
};

const fileRefused = async (
  work: Work,
  cycle: OwnedCycle,
  records: readonly FreshObligation[],
  opened: readonly OpenedObligation[],
): Promise<void> => {
  for (const record of records) {
    if (record.state !== 'dead_lettered') continue;
    const obligation = opened.find((one) => one.externalId === record.externalId && one.digest === record.digest);
    await fileDeadLetter(work, {
      sync: cycle.sync,
      streamId: cycle.streamId,
      externalId: record.externalId,
      obligationId: obligation?.obligationId ?? null,
      updatedAt: record.updatedAt,
      stage: 'read',
      errorClass: 'unusable',
      reason: record.reason ?? 'The record cannot be used',
      attempts: 0,
    });
  }
};

const deadline = async (work: Work, cycle: OwnedCycle): Promise<Instant> => {
  const { sync } = await currentBundle(work, cycle.sync);
  return shiftInstant(work.now, sync.sla.freshnessMinutes * 60_000);
};

type Recorded = { readonly opened: number; readonly unchanged: number; readonly late: number };

const NOTHING_KNOWN: Known = { versions: new Map(), latest: new Map(), appliedDigest: new Map() };

const knownOf = async (work: Work, cycle: OwnedCycle, records: readonly ObservedRecord[]): Promise<Known> => {
  const externalIds = new Set(wantedOf(records, cycle.startAt).map(({ externalId }) => externalId));
  return externalIds.size === 0 ? NOTHING_KNOWN : findKnown(work, cycle, [...externalIds]);
};

const openObligations = async (
  work: Work,
  cycle: OwnedCycle,
  records: readonly ObservedRecord[],
  known: Known,
): Promise<Recorded> => {
  const { fresh, returned, ...recorded } = decidePage(records, known, cycle);
  if (fresh.length + returned.length === 0) return recorded;
  const deadlineAt = await deadline(work, cycle);
  const opening = { streamId: cycle.streamId, deadlineAt, contractVersion: cycle.contractVersion };
  await observeAgain(work, opening, returned);
  const opened = await insertObligations(work, { ...opening, cycleId: cycle.cycleId }, fresh);
  const changed = new Set([...fresh, ...returned].map(({ externalId }) => externalId));
  await supersedeOlder(work, cycle.streamId, [...changed]);
  await fileRefused(work, cycle, fresh, opened);
  const unchanged = fresh.filter(({ state }) => state === 'unchanged');
  await closeApplied(
    work,
    cycle.sync,
    unchanged.map(({ externalId, updatedAt: at }) => ({ externalId, at, sequence: null })),
  );
  return recorded;
};

const findRecorded = async (work: Work, cycleId: string, page: number): Promise<Awaited<Reply> | undefined> => {
  const row = await work.tx
    .selectFrom('pages')
    .select(['checkpoint_version', 'opened', 'unchanged', 'late'])
    .where('cycle_id', '=', cycleId)
    .where('page', '=', page)
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : { checkpointVersion: row.checkpoint_version, opened: row.opened, unchanged: row.unchanged, late: row.late };
};

const writePage = async (work: Work, cycle: OwnedCycle, request: Request, recorded: Recorded): Promise<void> => {
  await work.tx
    .insertInto('pages')
    .values({
      cycle_id: cycle.cycleId,
      page: request.page,
      at: work.now,
      rows_read: request.rows,
      first_at: request.first?.updatedAt ?? null,
      first_id: request.first?.id ?? null,
      last_at: request.last?.updatedAt ?? null,
      last_id: request.last?.id ?? null,
      token_digest: request.tokenDigest,
      page_digest: request.pageDigest,
      ...recorded,
      checkpoint_version: cycle.version + 1,
      mark_at: request.fetched.cursor?.updatedAt ?? null,
      mark_id: request.fetched.cursor?.id ?? null,
    })
    .execute();
  await sql`
    update cycles set pages = pages + 1, rows_read = rows_read + ${request.rows}, opened = opened + ${recorded.opened}, late = late + ${recorded.late}
    where cycle_id = ${cycle.cycleId}
  `.execute(work.tx);
};

/** The page as evidence: how many rows, between which times, and what they came to; keys only as a digest. */
const pageEvidence = (work: Work, cycle: OwnedCycle, request: Request, recorded: Recorded): Promise<string> =>
  appendEvidence(work, {
    kind: 'page_read',
    sync: cycle.sync,
    body: {
      stream: cycle.stream,
      traceId: cycle.cycleId,
      page: request.page,
      rows: request.rows,
      deleted: request.deleted,
      firstAt: request.first?.updatedAt ?? null,
      lastAt: request.last?.updatedAt ?? null,
      tokenDigest: request.tokenDigest,
      pageDigest: work.sealing.pseudonym(request.pageDigest),
      opened: recorded.opened,
      unchanged: recorded.unchanged,
      late: recorded.late,
    },
  });

/**
 * Records one page in one transaction: the page, the obligations it opens, the new fetched cursor and its evidence.
 * The same page again gives the first reply.
 *
 * Ten statements for a page with news, seven for one without, and one more for the last of a sweep.
 */
export const recordPage = async (work: Work, cycleId: string, request: Request): Reply => {
  const cycle = await ownCycle(work, cycleId, request.fence);
  const before = await findRecorded(work, cycleId, request.page);
  if (before !== undefined) return before;
  if (cycleTable[cycle.state].records_page === 'refused') {
    throw new StoreError(
      'conflict',
      `Cannot record page ${request.page} of cycle ${cycleId}: the cycle has ended. Begin another`,
    );
  }
  const known = await knownOf(work, cycle, request.records);
  const recorded = await openObligations(work, cycle, request.records, known);
  const edge = await takeIntoEdge(work, cycle, request, known);
  const { cursor, token, begunAt, sweep } = request.fetched;
  const checkpointVersion = cycle.version + 1;
  await work.tx
    .updateTable('streams')
    .set({
      fetched_at: cursor?.updatedAt ?? null,
      fetched_id: cursor?.id ?? null,
      fetched_token: token,
      sweep_begun_at: begunAt,
      sweep,
      edge: edge.state,
      version: checkpointVersion,
      lease_until: shiftInstant(work.now, CYCLE_LEASE_MS),
    })
    .where('stream_id', '=', cycle.streamId)
    .execute();
  await moveCommitted(work, cycle.streamId);
  await writePage(work, cycle, request, recorded);
  await pageEvidence(work, cycle, request, recorded);
  if (edge.boundary !== null) await boundaryEvidence(work, cycle, edge.boundary);
  return { checkpointVersion, ...recorded };
};
