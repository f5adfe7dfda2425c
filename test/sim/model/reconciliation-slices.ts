import { shiftInstant } from '../../../src/core/instant.ts';
import { REPAIRS_MAX } from '../../../src/core/protocol/reconcile-routes.ts';
import { StoreError } from '../../../src/core/protocol/store-error.ts';
import {
  type Disposition,
  disposeDifferences,
  isRepairable,
  latestLooks,
} from '../../../src/core/reconcile/disposition.ts';
import { currentBundle } from './contracts.ts';
import { insertObligations, reopenObligations, supersedeOlder, unsettledOfRecord, versionOf } from './obligations.ts';
import type { Operation, Request } from './operation.ts';
import { differencesOf, finishRun, resultOf, runOf } from './reconciliations.ts';
import type { Run, Work } from './state.ts';
import { moveCommitted } from './streams.ts';
import { targetKey } from './targets.ts';

type Reported = Request<'recordSlice'>['differences'][number];
type Disposed = Reported & { readonly disposition: Disposition };

const isPending = (work: Work, { streamId }: Run, { externalId }: Reported): boolean =>
  unsettledOfRecord(work, streamId, externalId).some(({ state }) => state === 'open');

const isGivenUp = (work: Work, { streamId }: Run, difference: Reported): boolean => {
  const state = versionOf(work, streamId, difference)?.state;
  return state === 'dead_lettered' || state === 'waived';
};

const idsOf = (differences: readonly Reported[]): ReadonlySet<string> =>
  new Set(differences.map(({ externalId }) => externalId));

const dispose = (work: Work, run: Run, differences: readonly Reported[]): Disposed[] => {
  const repairs = [...differencesOf(work, run).values()].filter(({ disposition }) => disposition === 'repairing');
  return disposeDifferences(differences, {
    pending: idsOf(differences.filter((one) => isPending(work, run, one))),
    givenUp: idsOf(differences.filter((one) => isGivenUp(work, run, one))),
    repairsLeft: run.repair ? REPAIRS_MAX - repairs.length : 0,
  });
};

/** Marks the target records that may be repaired, so that the next write looks first. */
const markDoubtful = (work: Work, run: Run, differences: readonly Reported[]): void => {
  if (!run.repair) return;
  const bundle = currentBundle(work, run.sync);
  for (const { externalId } of differences.filter(isRepairable)) {
    const key = targetKey(bundle, externalId);
    const target = work.state.targets.get(key);
    if (target !== undefined) work.state.targets.set(key, { ...target, drifted: true });
  }
};

const repair = (work: Work, { sync: name, streamId }: Run, disposed: readonly Disposed[]): void => {
  const wanted = disposed.flatMap(({ disposition, payload, externalId, updatedAt, digest }) =>
    disposition === 'repairing' && payload !== null ? [{ externalId, updatedAt, digest, payload }] : [],
  );
  if (wanted.length === 0) return;
  const { sync, version: contractVersion } = currentBundle(work, name);
  const deadlineAt = shiftInstant(work.now, sync.sla.freshnessMinutes * 60_000);
  const opening = { streamId, deadlineAt, cycleId: null, contractVersion };
  const reopened = reopenObligations(work, opening, wanted);
  const unseen = wanted.filter(({ externalId }) => !reopened.has(externalId));
  insertObligations(
    work,
    opening,
    unseen.map((one) => ({ ...one, state: 'open', reason: 'Repair' })),
  );
  supersedeOlder(
    work,
    streamId,
    wanted.map(({ externalId }) => externalId),
  );
  moveCommitted(work, streamId);
};

export const recordSlice: Operation<'recordSlice'> = (work, { run: runId }, request) => {
  const run = runOf(work, runId);
  const { slice, fence } = request;
  if (run.fence !== fence) {
    throw new StoreError(
      'fenced',
      `Cannot record slice ${slice} of run ${runId}: another call has gone on with the run`,
    );
  }
  if (run.finishedAt !== null || slice < run.slice) return resultOf(work, run);
  if (slice > run.slice) {
    throw new StoreError(
      'conflict',
      `Cannot record slice ${slice} of run ${runId}: slice ${run.slice} is missing. Run the step again`,
    );
  }
  const reported = latestLooks(request.differences);
  markDoubtful(work, run, reported);
  const disposed = dispose(work, run, reported);
  repair(work, run, disposed);
  const differences = differencesOf(work, run);
  for (const { externalId, kind, fields, disposition } of disposed) {
    differences.set(externalId, { externalId, kind, fields, disposition });
  }
  const next: Run = {
    ...run,
    slice: run.slice + 1,
    token: request.token,
    last: request.last,
    source: run.source + request.source,
    matched: run.matched + request.matched,
    unusable: run.unusable + request.unusable,
    end: request.end,
    endReason: request.endReason,
    touchedAt: work.now,
    sourceDigests: [...run.sourceDigests, request.sourceDigest],
    targetDigests: [...run.targetDigests, request.targetDigest],
  };
  const after = next.end === null ? next : finishRun(work, next);
  work.state.runs.set(runId, after);
  return resultOf(work, after);
};
