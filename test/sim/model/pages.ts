import { shiftInstant } from '../../../src/core/instant.ts';
import {
  decidePage,
  type FreshObligation,
  type Known,
  type PageNews,
  versionKey,
  wantedOf,
} from '../../../src/core/obligation/page-news.ts';
import { CYCLE_LEASE_MS, type ObservedRecord } from '../../../src/core/protocol/cycle-routes.ts';
import { boundaryBody, edgePage } from '../../../src/core/read/edge-page.ts';
import type { Boundary } from '../../../src/core/read/edge-state.ts';
import { recordEdge } from '../../../src/core/read/edge.ts';
import { cycleTable } from '../../../src/core/read/cycle-lease.ts';
import { StoreError } from '../../../src/core/protocol/store-error.ts';
import { currentBundle } from './contracts.ts';
import { closeApplied, fileDeadLetter } from './dead-letters.ts';
import { appendEvidence, pseudonym } from './evidence.ts';
import {
  insertObligations,
  lastOfRecord,
  observeAgain,
  supersedeOlder,
  unsettledOfRecord,
  versionOf,
} from './obligations.ts';
import type { Operation, Request } from './operation.ts';
import { indexOf, type Obligation, type Stream, streamById, type Work } from './state.ts';
import { moveCommitted, type OwnedCycle, ownCycle } from './streams.ts';
import { targetKey } from './targets.ts';

/** What is known of the records of a page, as far as the page asks for it. */
const findKnown = (work: Work, { streamId, sync }: Stream, records: readonly ObservedRecord[]): Known => {
  const place = currentBundle(work, sync);
  const { latest } = indexOf(work, streamId);
  const versions = new Map<string, Obligation>();
  const appliedDigest = new Map<string, string>();
  for (const record of records) {
    const { externalId } = record;
    const before = versionOf(work, streamId, record);
    const last = lastOfRecord(work, streamId, externalId);
    if (last !== undefined) versions.set(versionKey(last), last);
    if (before !== undefined) versions.set(versionKey(record), before);
    const target = work.state.targets.get(targetKey(place, externalId));
    if (target === undefined || target.applied === null || target.drifted) continue;
    if (target.intent !== null && target.intent.state !== 'confirmed') continue;
    const isOpen = unsettledOfRecord(work, streamId, externalId).length > 0;
    if (!isOpen) appliedDigest.set(externalId, target.applied.digest);
  }
  return { versions, latest, appliedDigest };
};

const fileRefused = (
  work: Work,
  stream: Stream,
  fresh: readonly FreshObligation[],
  opened: readonly Obligation[],
): void => {
  for (const record of fresh) {
    if (record.state !== 'dead_lettered') continue;
    const obligation = opened.find((one) => one.externalId === record.externalId && one.digest === record.digest);
    fileDeadLetter(work, {
      sync: stream.sync,
      stream: stream.name,
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

const openObligations = (
  work: Work,
  { cycle, stream }: OwnedCycle,
  { records }: Request<'recordPage'>,
): PageNews & { readonly known: Known } => {
  const { startAt } = stream.checkpoint;
  const known = findKnown(work, stream, wantedOf(records, startAt));
  const news = decidePage(records, known, { startAt, markAt: cycle.markAt });
  const { fresh, returned } = news;
  if (fresh.length + returned.length === 0) return { ...news, known };
  const { sync } = currentBundle(work, stream.sync);
  const deadlineAt = shiftInstant(work.now, sync.sla.freshnessMinutes * 60_000);
  const opening = {
    streamId: stream.streamId,
    deadlineAt,
    cycleId: cycle.cycleId,
    contractVersion: cycle.contractVersion,
  };
  observeAgain(work, opening, returned);
  const opened = insertObligations(work, opening, fresh);
  const changed = [...fresh, ...returned].map(({ externalId }) => externalId);
  supersedeOlder(work, stream.streamId, changed);
  fileRefused(work, stream, fresh, opened);
  for (const { state, externalId, updatedAt } of fresh) {
    if (state === 'unchanged') closeApplied(work, stream.sync, externalId, { updatedAt, sequence: null });
  }
  return { ...news, known };
};

/** Takes the page into the edge of its stream; gives what became of the edge before at the end of a sweep. */
const takeIntoEdge = (
  work: Work,
  stream: Stream,
  { records, fetched, edge }: Request<'recordPage'>,
  known: Known,
): Boundary | null => {
  if (edge === null || fetched.sweep === null) {
    work.state.edges.delete(stream.streamId);
    return null;
  }
  const { startAt, fetched: before } = stream.checkpoint;
  const page = edgePage(
    { records, sweep: fetched.sweep, edge },
    known,
    { startAt, mark: before.cursor?.updatedAt ?? null },
    { name: pseudonym, version: (version) => pseudonym(versionKey(version)).slice(0, 32) },
  );
  const { state, boundary } = recordEdge(work.state.edges.get(stream.streamId) ?? null, page);
  work.state.edges.set(stream.streamId, state);
  return boundary;
};

const moveFetched = (work: Work, streamId: number, fetched: Request<'recordPage'>['fetched']): number => {
  const stream = streamById(work, streamId);
  const version = stream.checkpoint.version + 1;
  const checkpoint = { ...stream.checkpoint, fetched, version };
  const lease = { ...stream.lease, leaseUntil: shiftInstant(work.now, CYCLE_LEASE_MS) };
  work.state.streams.set(streamId, { ...stream, checkpoint, lease });
  moveCommitted(work, streamId);
  return version;
};

export const recordPage: Operation<'recordPage'> = (work, { cycle: cycleId }, request) => {
  const owned = ownCycle(work, cycleId, request.fence);
  const { stream } = owned;
  const before = work.state.pages.get(`${cycleId}/${request.page}`);
  if (before !== undefined) return before;
  if (cycleTable[owned.state].records_page === 'refused') {
    throw new StoreError(
      'conflict',
      `Cannot record page ${request.page} of cycle ${cycleId}: the cycle has ended. Begin another`,
    );
  }
  const { opened, unchanged, late, known } = openObligations(work, owned, request);
  const boundary = takeIntoEdge(work, stream, request, known);
  const checkpointVersion = moveFetched(work, stream.streamId, request.fetched);
  const reply = { checkpointVersion, opened, unchanged, late };
  work.state.pages.set(`${cycleId}/${request.page}`, reply);
  const { reading } = indexOf(work, stream.streamId);
  reading.pages += 1;
  reading.rows += request.rows;
  reading.late += late;
  appendEvidence(work, {
    kind: 'page_read',
    sync: stream.sync,
    body: {
      stream: stream.name,
      traceId: cycleId,
      page: request.page,
      rows: request.rows,
      deleted: request.deleted,
      firstAt: request.first?.updatedAt ?? null,
      lastAt: request.last?.updatedAt ?? null,
      tokenDigest: request.tokenDigest,
      pageDigest: pseudonym(request.pageDigest),
      opened,
      unchanged,
      late,
    },
  });
  if (boundary !== null) {
    const body = boundaryBody(boundary, stream.name, cycleId);
    appendEvidence(work, { kind: 'boundary', sync: stream.sync, body });
  }
  return reply;
};
