import { contractFor } from '../../../src/core/contract/bundle.ts';
import { digestJson } from '../../../src/core/digest.ts';
import { compareInstants, shiftInstant } from '../../../src/core/instant.ts';
import {
  DIFFERENCES_SHOWN_MAX,
  type ReconcileResult,
  RUN_IDLE_MS,
} from '../../../src/core/protocol/reconcile-routes.ts';
import { StoreError } from '../../../src/core/protocol/store-error.ts';
import { decideWindow } from '../../../src/core/reconcile/run-window.ts';
import { type ReconcileCounts, runVerdict } from '../../../src/core/reconcile/verdict.ts';
import { currentBundle } from './contracts.ts';
import { appendEvidence, pseudonym } from './evidence.ts';
import type { Operation, Request } from './operation.ts';
import { compareText } from './position.ts';
import { addTo, type Difference, found, type Run, type Work } from './state.ts';
import { streamOf } from './streams.ts';

export const runOf = ({ state, environment }: Work, runId: string): Run => {
  const run = state.runs.get(runId);
  if (run !== undefined) return run;
  throw new StoreError('not_found', `Cannot find reconciliation run ${runId} in ${environment}`);
};

const createRun = (work: Work, request: Request<'openReconciliation'>, question: string): Run => {
  const { state, now } = work;
  const { sync } = currentBundle(work, request.sync);
  const window = decideWindow(sync, request.window, now);
  if (window.kind === 'refused') throw new StoreError('invalid_request', window.reason);
  const { streamId, name: stream } = streamOf(work, request);
  const before = state.runs.get(request.runId);
  if (before !== undefined) return before;
  addTo(state.runsOfQuestion, question, request.runId);
  state.differences.set(request.runId, new Map());
  return {
    runId: request.runId,
    sync: request.sync,
    streamId,
    stream,
    windowFrom: window.from,
    windowTo: window.to,
    repair: request.repair ?? sync.reconcile.repair,
    fence: 1,
    slice: 0,
    token: null,
    last: null,
    source: 0,
    matched: 0,
    unusable: 0,
    touchedAt: now,
    finishedAt: null,
    end: null,
    endReason: null,
    evidenceId: null,
    sourceDigests: [],
    targetDigests: [],
  };
};

/** The unfinished run that asked the same, unless nobody went on with it for hours; the last that was opened. */
const findUnfinished = ({ state, now }: Work, question: string): Run | undefined => {
  const idleSince = shiftInstant(now, -RUN_IDLE_MS);
  return (state.runsOfQuestion.get(question) ?? [])
    .map((runId) => found(state.runs.get(runId), `run ${runId}`))
    .findLast(({ finishedAt, touchedAt }) => finishedAt === null && compareInstants(touchedAt, idleSince) > 0);
};

export const openReconciliation: Operation<'openReconciliation'> = (work, _params, request) => {
  const contract = contractFor(currentBundle(work, request.sync), request.knownContract);
  const { sync, stream, window, repair } = request;
  const question = JSON.stringify([sync, stream, window, repair, contract.contractVersion]);
  const before = findUnfinished(work, question) ?? createRun(work, request, question);
  const run = { ...before, fence: before.fence + 1, touchedAt: work.now };
  const { runId, windowFrom, windowTo, slice, fence, token, last } = run;
  work.state.runs.set(runId, run);
  return { runId, windowFrom, windowTo, slice, fence, token, last, ...contract };
};

export const differencesOf = ({ state }: Work, { runId }: Run): Map<string, Difference> =>
  found(state.differences.get(runId), `differences of run ${runId}`);

const countDifferences = (work: Work, run: Run): ReconcileCounts => {
  const { source, matched, unusable } = run;
  const counts = { source, matched, unusable, missing: 0, changed: 0, duplicated: 0, pending: 0 };
  for (const { kind, disposition } of differencesOf(work, run).values()) {
    counts[disposition === 'pending' ? 'pending' : kind] += 1;
  }
  return counts;
};

/** A run as callers see it: its result, or how far it has come. */
export const resultOf = (work: Work, run: Run): ReconcileResult => {
  const { runId, sync, stream, windowFrom, windowTo, end, endReason, evidenceId } = run;
  const counts = countDifferences(work, run);
  const inOrder = [...differencesOf(work, run).values()].toSorted(
    (a, b) =>
      Number(a.disposition === 'pending') - Number(b.disposition === 'pending') ||
      compareText(a.externalId, b.externalId),
  );
  return {
    runId,
    sync,
    stream,
    windowFrom,
    windowTo,
    state: run.finishedAt === null ? 'running' : 'finished',
    ...runVerdict({ counts, end, endReason }),
    counts,
    differences: inOrder.slice(0, DIFFERENCES_SHOWN_MAX).map((one) => ({ ...one, fields: [...one.fields] })),
    differencesTotal: inOrder.length,
    evidenceId,
  };
};

export const getReconciliation: Operation<'getReconciliation'> = (work, { run }) => resultOf(work, runOf(work, run));

/** Ends a run: the verdict, and as evidence everything that it rests on. */
export const finishRun = (work: Work, run: Run): Run => {
  const { runId, sync, stream, windowFrom, windowTo, end, endReason } = run;
  const counts = countDifferences(work, run);
  const { verdict, coveragePercent } = runVerdict({ counts, end, endReason });
  const differing = [...differencesOf(work, run).values()].toSorted((a, b) => compareText(a.externalId, b.externalId));
  const evidenceId = appendEvidence(work, {
    kind: 'reconciliation_finished',
    sync,
    body: {
      runId,
      stream,
      windowFrom,
      windowTo,
      scan: end,
      slices: run.slice,
      sourceDigest: pseudonym(digestJson(run.sourceDigests)),
      targetDigest: pseudonym(digestJson(run.targetDigests)),
      counts,
      coveragePercent,
      verdict,
      differences: differing.map(({ externalId, kind, disposition }) => ({
        subject: pseudonym(externalId),
        kind,
        disposition,
      })),
    },
  });
  return { ...run, finishedAt: work.now, evidenceId };
};
