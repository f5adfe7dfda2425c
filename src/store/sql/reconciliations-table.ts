import { sql } from 'kysely';
import { contractFor } from '../../core/contract/bundle.ts';
import { digestJson } from '../../core/digest.ts';
import { type Instant, shiftInstant } from '../../core/instant.ts';
import { DIFFERENCES_SHOWN_MAX, RUN_IDLE_MS } from '../../core/protocol/reconcile-routes.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { decideWindow } from '../../core/reconcile/run-window.ts';
import { type ReconcileCounts, runVerdict, type ScanEnd, type Verdict } from '../../core/reconcile/verdict.ts';
import { currentBundle } from './contracts-table.ts';
import { appendEvidence } from './evidence-table.ts';
import type { Operations } from './operations.ts';
import { streamIdOf } from './streams-table.ts';
import type { Work } from './work.ts';

type OpenRequest = Parameters<Operations['openReconciliation']>[2];
type Result = Awaited<ReturnType<Operations['getReconciliation']>>;

export type Run = {
  run_id: string;
  sync: string;
  stream_id: number;
  stream: string;
  window_from: Instant;
  window_to: Instant;
  repair: boolean;
  fence: number;
  slice: number;
  token: string | null;
  last_at: Instant | null;
  last_id: string | null;
  source: number;
  matched: number;
  unusable: number;
  finished_at: Instant | null;
  scan_end: ScanEnd | null;
  end_reason: string | null;
  verdict: Verdict['verdict'] | null;
  reason: string | null;
  coverage_percent: number | null;
  evidence_id: string | null;
};

/** Reads a run and locks it. */
export const lockRun = async (work: Work, runId: string): Promise<Run> => {
  const found = await sql<Run>`
    select r.run_id, r.sync, r.stream_id, s.name as stream, r.window_from, r.window_to, r.repair, r.fence, r.slice, r.token,
           r.last_at, r.last_id, r.source, r.matched, r.unusable, r.finished_at, r.scan_end, r.end_reason, r.verdict,
           r.reason, r.coverage_percent, r.evidence_id
    from reconciliations r join streams s using (stream_id)
    where r.run_id = ${runId}::uuid and r.environment = ${work.caller.environment} for update of r
  `.execute(work.tx);
  const [run] = found.rows;
  if (run === undefined) {
    throw new StoreError('not_found', `Cannot find reconciliation run ${runId} in ${work.caller.environment}`);
  }
  return run;
};

/** The unfinished run that asked the same, unless nobody went on with it for hours. */
const findUnfinished = async (work: Work, sync: string, question: string): Promise<string | undefined> => {
  const row = await work.tx
    .selectFrom('reconciliations')
    .select('run_id')
    .where('environment', '=', work.caller.environment)
    .where('sync', '=', sync)
    .where('question', '=', question)
    .where('finished_at', 'is', null)
    .where('touched_at', '>', shiftInstant(work.now, -RUN_IDLE_MS))
    .orderBy('opened_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.run_id;
};

const createRun = async (work: Work, request: OpenRequest, question: string): Promise<string> => {
  const { sync } = await currentBundle(work, request.sync);
  const window = decideWindow(sync, request.window, work.now);
  if (window.kind === 'refused') throw new StoreError('invalid_request', window.reason);
  const streamId = await streamIdOf(work, request);
  await work.tx
    .insertInto('reconciliations')
    .values({
      run_id: request.runId,
      environment: work.caller.environment,
      sync: request.sync,
      stream_id: streamId,
      question,
      window_from: window.from,
      window_to: window.to,
      repair: request.repair ?? sync.reconcile.repair,
      token: null,
      last_at: null,
      last_id: null,
      opened_at: work.now,
      touched_at: work.now,
      finished_at: null,
      scan_end: null,
      end_reason: null,
      verdict: null,
      reason: null,
      coverage_percent: null,
      evidence_id: null,
    })
    .onConflict((conflict) => conflict.column('run_id').doNothing())
    .execute();
  return request.runId;
};

/**
 * Begins a run, or goes on with the unfinished one that asked the same. Whoever opens it takes it over: the fence
 * refuses slices of an earlier call that is still at work.
 */
export const openReconciliation = async (
  work: Work,
  request: OpenRequest,
): ReturnType<Operations['openReconciliation']> => {
  const contract = contractFor(await currentBundle(work, request.sync), request.knownContract);
  const { sync, stream, window, repair } = request;
  const question = digestJson({ sync, stream, window, repair, contract: contract.contractVersion });
  const runId = (await findUnfinished(work, sync, question)) ?? (await createRun(work, request, question));
  const run = await lockRun(work, runId);
  const fence = run.fence + 1;
  await work.tx
    .updateTable('reconciliations')
    .set({ fence, touched_at: work.now })
    .where('run_id', '=', runId)
    .execute();
  return {
    runId,
    windowFrom: run.window_from,
    windowTo: run.window_to,
    slice: run.slice,
    fence,
    token: run.token,
    last: run.last_at === null || run.last_id === null ? null : { updatedAt: run.last_at, id: run.last_id },
    ...contract,
  };
};

type DifferenceRow = {
  external_id: string;
  kind: 'missing' | 'changed' | 'duplicated';
  fields: string[];
  disposition: 'pending' | 'confirmed' | 'repairing';
  total: number;
};

const countDifferences = async (work: Work, run: Run): Promise<ReconcileCounts> => {
  const found = await sql<{ kind: string; count: number }>`
    select case when disposition = 'pending' then 'pending' else kind end as kind, count(*) as count
    from reconciliation_differences where run_id = ${run.run_id}::uuid group by 1
  `.execute(work.tx);
  const count = (kind: string): number => found.rows.find((row) => row.kind === kind)?.count ?? 0;
  return {
    source: run.source,
    matched: run.matched,
    missing: count('missing'),
    changed: count('changed'),
    duplicated: count('duplicated'),
    pending: count('pending'),
    unusable: run.unusable,
  };
};

/** A run as callers see it: its result, or how far it has come. */
export const resultOf = async (work: Work, run: Run): Promise<Result> => {
  const counts = await countDifferences(work, run);
  const verdict = runVerdict({ counts, end: run.scan_end, endReason: run.end_reason });
  const shown = await sql<DifferenceRow>`
    select external_id, kind, fields, disposition, count(*) over () as total from reconciliation_differences
    where run_id = ${run.run_id}::uuid order by (disposition = 'pending'), external_id limit ${DIFFERENCES_SHOWN_MAX}
  `.execute(work.tx);
  return {
    runId: run.run_id,
    sync: run.sync,
    stream: run.stream,
    windowFrom: run.window_from,
    windowTo: run.window_to,
    state: run.finished_at === null ? 'running' : 'finished',
    ...verdict,
    counts,
    differences: shown.rows.map(({ external_id: externalId, kind, fields, disposition }) => ({
      externalId,
      kind,
      fields,
      disposition,
    })),
    differencesTotal: shown.rows[0]?.total ?? 0,
    evidenceId: run.evidence_id,
  };
};

type SliceSums = { source_digest: string; target_digest: string };

/** Ends a run: the verdict, and as evidence everything that it rests on. */
export const finishRun = async (work: Work, run: Run): Promise<Run> => {
  const counts = await countDifferences(work, run);
  const { verdict, reason, coveragePercent } = runVerdict({
    counts,
    end: run.scan_end,
    endReason: run.end_reason,
  });
  const slices = await sql<SliceSums>`
    select source_digest, target_digest from reconciliation_slices where run_id = ${run.run_id}::uuid order by slice
  `.execute(work.tx);
  const differing = await sql<{ external_id: string; kind: string; disposition: string }>`
    select external_id, kind, disposition from reconciliation_differences where run_id = ${run.run_id}::uuid order by external_id
  `.execute(work.tx);
  const evidenceId = await appendEvidence(work, {
    kind: 'reconciliation_finished',
    sync: run.sync,
    body: {
      runId: run.run_id,
      stream: run.stream,
      windowFrom: run.window_from,
      windowTo: run.window_to,
      scan: run.scan_end,
      slices: slices.rows.length,
      sourceDigest: work.sealing.pseudonym(digestJson(slices.rows.map((row) => row.source_digest))),
      targetDigest: work.sealing.pseudonym(digestJson(slices.rows.map((row) => row.target_digest))),
      counts,
      coveragePercent,
      verdict,
      differences: differing.rows.map((row) => ({
        subject: work.sealing.pseudonym(row.external_id),
        kind: row.kind,
        disposition: row.disposition,
      })),
    },
  });
  await sql`
    update reconciliations set finished_at = ${work.now}, verdict = ${verdict}, reason = ${reason},
           coverage_percent = ${coveragePercent}::double precision, evidence_id = ${evidenceId}::uuid
    where run_id = ${run.run_id}::uuid
  `.execute(work.tx);
  return { ...run, finished_at: work.now, verdict, reason, coverage_percent: coveragePercent, evidence_id: evidenceId };
};
