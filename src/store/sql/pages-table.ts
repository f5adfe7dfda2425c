import { sql } from 'kysely';
import { compareInstants, type Instant, shiftInstant } from '../../core/instant.ts';
import { CYCLE_LEASE_MS, type ObservedRecord } from '../../core/protocol/cycle-routes.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { appendEvidence } from './evidence-table.ts';
import { currentBundle } from './contracts-table.ts';
import { closeApplied, fileDeadLetter } from './dead-letters-table.ts';
import {
  insertObligations,
  type NewObligation,
  type OpenedObligation,
  reopenObligations,
  type Reopening,
  supersedeOlder,
} from './obligations-table.ts';
import type { Operations } from './operations.ts';
import type { ObligationState } from './schema.ts';
import { moveCommitted, ownCycle, type OwnedCycle } from './streams-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['recordPage']>[2];
type Reply = ReturnType<Operations['recordPage']>;

type KnownVersion = { readonly state: ObligationState; readonly sequence: number };

type Known = {
  /** Versions of the page's entities that were observed before, by `external ID / update time / digest`. */
  readonly versions: ReadonlyMap<string, KnownVersion>;
  /** By `external ID / update time`: the last one observed under that time. */
  readonly latest: ReadonlyMap<string, number>;
  /** Digest on the target of entities that have nothing unsettled and no doubt about their last write. */
  readonly appliedDigest: ReadonlyMap<string, string>;
};

const versionKey = (record: {
  readonly externalId: string;
  readonly updatedAt: Instant;
  readonly digest: string;
}): string => `${record.externalId}/${record.updatedAt}/${record.digest}`;

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
  const byVersion = new Map<string, KnownVersion>();
  for (const { external_id: externalId, updated_at: updatedAt, digest, state, sequence } of versions) {
    byVersion.set(versionKey({ externalId, updatedAt, digest }), { state, sequence });
    const moment = `${externalId}/${updatedAt}`;
    latest.set(moment, Math.max(sequence, latest.get(moment) ?? 0));
  }
  return {
    versions: byVersion,
    latest,
    appliedDigest: new Map(applied.rows.map((row) => [row.external_id, row.applied_digest])),
  };
};

/** The obligation that a version opens; one that changes nothing on the target is settled at once. */
const obligationFor = (record: ObservedRecord, known: Known, isOnly: boolean): NewObligation => {
  const base = {
    externalId: record.externalId,
    updatedAt: record.updatedAt,
    digest: record.digest,
    reason: record.reason,
    payload: record.payload,
  };
  switch (record.state) {
    case 'held':
      return { ...base, state: 'held' };
    case 'refused':
      return { ...base, state: 'dead_lettered' };
    case 'ready':
      return isOnly && known.appliedDigest.get(record.externalId) === record.digest
        ? { ...base, state: 'unchanged', reason: 'The mapped fields are as the target has them' }
        : { ...base, state: 'open' };
  }
};

/** The versions of a page that were not observed before, each once, in the order of the page. */
const newVersions = (records: readonly ObservedRecord[], known: Known): ObservedRecord[] => {
  const fresh = new Map<string, ObservedRecord>();
  for (const record of records) {
    const key = versionKey(record);
    if (!known.versions.has(key)) fresh.set(key, record);
  }
  return [...fresh.values()];
};

/**
 * Versions that were observed before and are news again: one that came back under the same update time after another
 * (a change and its reversal within one tick, a mapping that was taken back), and one that was held and passes by now.
 */
const returned = (records: readonly ObservedRecord[], known: Known): Reopening[] =>
  records.flatMap((record) => {
    const before = known.versions.get(versionKey(record));
    if (before === undefined || record.state !== 'ready' || record.payload === null) return [];
    const isBack = (known.latest.get(`${record.externalId}/${record.updatedAt}`) ?? 0) > before.sequence;
    const passesNow = before.state === 'held';
    return isBack || passesNow ? [{ ...record, payload: record.payload }] : [];
  });

/** A change from before the start that was chosen is not wanted. */
const isWanted = (record: ObservedRecord, startAt: Instant | null): boolean =>
  startAt === null || record.state === 'refused' || compareInstants(record.updatedAt, startAt) >= 0;

const fileRefused = async (
  work: Work,
  cycle: OwnedCycle,
  records: readonly ObservedRecord[],
  opened: readonly OpenedObligation[],
): Promise<void> => {
  for (const record of records) {
    if (record.state !== 'refused') continue;
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

const openObligations = async (
  work: Work,
  cycle: OwnedCycle,
  records: readonly ObservedRecord[],
): Promise<Recorded> => {
  const wanted = records.filter((record) => isWanted(record, cycle.startAt));
  if (wanted.length === 0) return { opened: 0, unchanged: records.length, late: 0 };
  const externalIds = [...new Set(wanted.map((record) => record.externalId))];
  const known = await findKnown(work, cycle, externalIds);
  const fresh = newVersions(wanted, known);
  const back = returned(wanted, known);
  if (fresh.length + back.length === 0) return { opened: 0, unchanged: records.length, late: 0 };
  const deadlineAt = await deadline(work, cycle);
  const opening = { streamId: cycle.streamId, deadlineAt, contractVersion: cycle.contractVersion };
  if (back.length > 0) await reopenObligations(work, opening, back);
  const versionsOf = Map.groupBy(fresh, (record) => record.externalId);
  const obligations = fresh.map((record) =>
    obligationFor(record, known, versionsOf.get(record.externalId)?.length === 1),
  );
  const opened = await insertObligations(work, { ...opening, cycleId: cycle.cycleId }, obligations);
  await supersedeOlder(work, cycle.streamId, [...versionsOf.keys(), ...back.map(({ externalId }) => externalId)]);
  await fileRefused(work, cycle, fresh, opened);
  const unchanged = obligations.filter(({ state }) => state === 'unchanged');
  await closeApplied(
    work,
    cycle.sync,
    unchanged.map(({ externalId, updatedAt: at }) => ({ externalId, at, sequence: null })),
  );
  const { markAt } = cycle;
  const late =
    markAt === null
      ? 0
      : fresh.filter((record) => record.state !== 'refused' && compareInstants(record.updatedAt, markAt) < 0).length;
  return {
    opened: back.length + obligations.filter(({ state }) => state === 'open' || state === 'held').length,
    unchanged: records.length - fresh.length - back.length,
    late,
  };
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
 * Nine statements for a page with news, six for one without.
 */
export const recordPage = async (work: Work, cycleId: string, request: Request): Reply => {
  const cycle = await ownCycle(work, cycleId, request.fence);
  const before = await findRecorded(work, cycleId, request.page);
  if (before !== undefined) return before;
  if (!cycle.isRunning) {
    throw new StoreError('conflict', `Cannot record page ${request.page} of cycle ${cycleId}: the cycle has ended`);
  }
  const recorded = await openObligations(work, cycle, request.records);
  const { cursor, token, begunAt } = request.fetched;
  const checkpointVersion = cycle.version + 1;
  await work.tx
    .updateTable('streams')
    .set({
      fetched_at: cursor?.updatedAt ?? null,
      fetched_id: cursor?.id ?? null,
      fetched_token: token,
      sweep_begun_at: begunAt,
      version: checkpointVersion,
      lease_until: shiftInstant(work.now, CYCLE_LEASE_MS),
    })
    .where('stream_id', '=', cycle.streamId)
    .execute();
  await moveCommitted(work, cycle.streamId);
  await writePage(work, cycle, request, recorded);
  await pageEvidence(work, cycle, request, recorded);
  return { checkpointVersion, ...recorded };
};
