import { sql } from 'kysely';
import { shiftInstant } from '../../core/instant.ts';
import { REPAIRS_MAX } from '../../core/protocol/reconcile-routes.ts';
import { firstStates } from '../../core/obligation/obligation-state.ts';
import { type Disposition, disposeDifferences, isRepairable, latestLooks } from '../../core/reconcile/disposition.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { currentBundle } from './contracts-table.ts';
import { insertObligations, reopenObligations, supersedeOlder } from './obligations-table.ts';
import type { Operations } from './operations.ts';
import { finishRun, lockRun, resultOf, type Run } from './reconciliations-table.ts';
import { lockStreams, moveCommitted } from './streams-table.ts';
import { markDrifted } from './target-records-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['recordSlice']>[2];
type Difference = Request['differences'][number];
type Disposed = Difference & { readonly disposition: Disposition };

/** The external IDs whose delivery is still on its way: their difference is lag. */
const findPending = async (work: Work, run: Run, externalIds: readonly string[]): Promise<ReadonlySet<string>> => {
  const rows = await sql<{ external_id: string }>`
    select distinct external_id from obligations
    where stream_id = ${run.stream_id} and state = 'open' and external_id = any(${externalIds}::text[])
  `.execute(work.tx);
  return new Set(rows.rows.map((row) => row.external_id));
};

/** The external IDs of those whose very version was given up on or waived: a person decides on them, not a repair. */
const findGivenUp = async (work: Work, run: Run, differences: readonly Difference[]): Promise<ReadonlySet<string>> => {
  const wanted = differences.map(({ externalId, updatedAt, digest }) => ({ externalId, updatedAt, digest }));
  const rows = await sql<{ external_id: string }>`
    select o.external_id from obligations o
    join jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) as r("externalId" text, "updatedAt" text, digest text)
      on o.external_id = r."externalId" and o.updated_at = r."updatedAt" and o.digest = r.digest
    where o.stream_id = ${run.stream_id} and o.state in ('dead_lettered', 'waived')
  `.execute(work.tx);
  return new Set(rows.rows.map((row) => row.external_id));
};

const countRepairs = async (work: Work, run: Run): Promise<number> => {
  const row = await sql<{ count: number }>`
    select count(*) as count from reconciliation_differences
    where run_id = ${run.run_id}::uuid and disposition = 'repairing'
  `.execute(work.tx);
  return row.rows[0]?.count ?? 0;
};

const dispose = async (work: Work, run: Run, differences: readonly Difference[]): Promise<Disposed[]> => {
  if (differences.length === 0) return [];
  const pending = await findPending(
    work,
    run,
    differences.map(({ externalId }) => externalId),
  );
  const givenUp = await findGivenUp(work, run, differences);
  const repairsLeft = run.repair ? REPAIRS_MAX - (await countRepairs(work, run)) : 0;
  return disposeDifferences(differences, { pending, givenUp, repairsLeft });
};

/**
 * Marks the target records that may be repaired, so that the next write looks first, and locks the stream: in this order,
 * and before anything is read that a poll at the same time could change.
 */
const markDoubtful = async (work: Work, run: Run, differences: readonly Difference[]): Promise<void> => {
  const doubtful = run.repair ? differences.filter(isRepairable).map(({ externalId }) => externalId) : [];
  if (doubtful.length > 0) {
    const { sync, target } = await currentBundle(work, run.sync);
    const place = { system: target.name, entity: sync.target.entity, field: sync.target.externalIdField };
    await markDrifted(work, place, doubtful.toSorted());
  }
  await lockStreams(work, [run.stream_id]);
};

/** Opens an obligation for each, so that the next poll delivers it again; the write will look at the target first. */
const repair = async (work: Work, run: Run, disposed: readonly Disposed[]): Promise<void> => {
  const wanted = disposed.flatMap(({ disposition, payload, externalId, updatedAt, digest }) =>
    disposition === 'repairing' && payload !== null ? [{ externalId, updatedAt, digest, payload }] : [],
  );
  if (wanted.length === 0) return;
  const { sync, version } = await currentBundle(work, run.sync);
  const externalIds = wanted.map(({ externalId }) => externalId);
  const deadlineAt = shiftInstant(work.now, sync.sla.freshnessMinutes * 60_000);
  const opening = { streamId: run.stream_id, deadlineAt, contractVersion: version };
  const reopened = await reopenObligations(work, opening, wanted);
  const unseen = wanted.filter(({ externalId }) => !reopened.has(externalId));
  await insertObligations(
    work,
    { ...opening, cycleId: null },
    unseen.map((one) => ({ ...one, state: firstStates.is_missed, reason: 'Repair' })),
  );
  await supersedeOlder(work, run.stream_id, externalIds);
  await moveCommitted(work, run.stream_id);
};

const writeSlice = async (work: Work, run: Run, request: Request): Promise<void> => {
  await work.tx
    .insertInto('reconciliation_slices')
    .values({
      run_id: run.run_id,
      slice: request.slice,
      at: work.now,
      source: request.source,
      matched: request.matched,
      unusable: request.unusable,
      source_digest: request.sourceDigest,
      target_digest: request.targetDigest,
    })
    .execute();
};

/** A record that moved along in the window is seen again: the later look counts. */
const writeDifferences = async (work: Work, run: Run, disposed: readonly Disposed[]): Promise<void> => {
  if (disposed.length === 0) return;
  const rows = disposed.map(({ externalId, kind, fields, disposition }) => ({
    external_id: externalId,
    kind,
    fields,
    disposition,
  }));
  await sql`
    insert into reconciliation_differences (run_id, external_id, kind, fields, disposition)
    select ${run.run_id}::uuid, r.external_id, r.kind, r.fields, r.disposition
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(external_id text, kind text, fields jsonb, disposition text)
    on conflict (run_id, external_id) do update
    set kind = excluded.kind, fields = excluded.fields, disposition = excluded.disposition
  `.execute(work.tx);
};

const advance = async (work: Work, run: Run, request: Request): Promise<Run> => {
  const next: Run = {
    ...run,
    slice: run.slice + 1,
    token: request.token,
    last_at: request.last?.updatedAt ?? null,
    last_id: request.last?.id ?? null,
    source: run.source + request.source,
    matched: run.matched + request.matched,
    unusable: run.unusable + request.unusable,
    scan_end: request.end,
    end_reason: request.endReason,
  };
  const { slice, token, last_at, last_id, source, matched, unusable, scan_end, end_reason } = next;
  await work.tx
    .updateTable('reconciliations')
    .set({ slice, token, last_at, last_id, source, matched, unusable, scan_end, end_reason, touched_at: work.now })
    .where('run_id', '=', run.run_id)
    .execute();
  return next;
};

/**
 * Records what one page of a run's scan showed, opens obligations where it repairs, and with the last slice gives the
 * verdict. The same slice again counts once.
 */
export const recordSlice = async (
  work: Work,
  runId: string,
  request: Request,
): ReturnType<Operations['recordSlice']> => {
  const run = await lockRun(work, runId);
  if (run.fence !== request.fence) {
    throw new StoreError(
      'fenced',
      `Cannot record slice ${request.slice} of run ${runId}: another call has gone on with the run`,
    );
  }
  if (run.finished_at !== null || request.slice < run.slice) return resultOf(work, run);
  if (request.slice > run.slice) {
    throw new StoreError(
      'conflict',
      `Cannot record slice ${request.slice} of run ${runId}: slice ${run.slice} is missing. Run the step again`,
    );
  }
  const differences = latestLooks(request.differences);
  await markDoubtful(work, run, differences);
  const disposed = await dispose(work, run, differences);
  await repair(work, run, disposed);
  await writeSlice(work, run, request);
  await writeDifferences(work, run, disposed);
  const next = await advance(work, run, request);
  const isOver = next.scan_end !== null;
  return resultOf(work, isOver ? await finishRun(work, next) : next);
};
