import type { Known } from '../../core/obligation/page-news.ts';
import { versionKey } from '../../core/obligation/page-news.ts';
import type { Boundary, EdgeState } from '../../core/read/edge-state.ts';
import { edgeState } from '../../core/read/edge-state.ts';
import { boundaryBody, edgePage } from '../../core/read/edge-page.ts';
import { recordEdge } from '../../core/read/edge.ts';
import { appendEvidence } from './evidence-table.ts';
import type { Operations } from './operations.ts';
import type { OwnedCycle } from './streams-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['recordPage']>[2];

type Edge = { readonly state: EdgeState | null; readonly boundary: Boundary | null };

/**
 * Takes a page into the memory of the stream's edge, which the caller writes together with the checkpoint. One statement.
 *
 * The state is null for a caller that says nothing of edges: what it reads is not remembered, so nothing may be claimed.
 */
export const takeIntoEdge = async (work: Work, cycle: OwnedCycle, request: Request, known: Known): Promise<Edge> => {
  const { edge, records, fetched } = request;
  if (edge === null || fetched.sweep === null) return { state: null, boundary: null };
  const row = await work.tx
    .selectFrom('streams')
    .select('edge')
    .where('stream_id', '=', cycle.streamId)
    .executeTakeFirstOrThrow();
  const page = edgePage(
    { records, sweep: fetched.sweep, edge },
    known,
    { startAt: cycle.startAt, mark: cycle.fetched?.updatedAt ?? null },
    {
      name: work.sealing.pseudonym,
      version: (version) => work.sealing.versionDigest(versionKey(version)),
    },
  );
  return recordEdge(edgeState.nullable().parse(row.edge), page);
};

/** What a sweep showed of the edge of the one before it, as evidence. One statement. */
export const boundaryEvidence = (work: Work, cycle: OwnedCycle, boundary: Boundary): Promise<string> =>
  appendEvidence(work, {
    kind: 'boundary',
    sync: cycle.sync,
    body: boundaryBody(boundary, cycle.stream, cycle.cycleId),
  });
