import { sql } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import type { ObligationState } from '../../core/obligation/obligation-state.ts';
import { versionKey } from '../../core/obligation/page-news.ts';
import { orderedAt } from '../../core/write/begin-decision.ts';
import { decideWrite, type TargetState } from '../../core/write/write-decision.ts';
import { currentBundle } from './contracts-table.ts';
import type { Operations } from './operations.ts';
import { streamIdOf, type StreamKey } from './streams-table.ts';
import { readTargets } from './target-records-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['previewWrites']>[2];

type Known = {
  external_id: string;
  updated_at: Instant;
  digest: string;
  sequence: number;
  opened_at: Instant;
  state: ObligationState;
};

const findKnown = async (work: Work, streamId: number, { items }: Request): Promise<ReadonlyMap<string, Known>> => {
  const found = await sql<Known>`
    select external_id, updated_at, digest, sequence, opened_at, state from obligations
    where stream_id = ${streamId} and external_id = any(${items.map(({ externalId }) => externalId)}::text[])
  `.execute(work.tx);
  return new Map(
    found.rows.map((row) => [
      versionKey({ externalId: row.external_id, updatedAt: row.updated_at, digest: row.digest }),
      row,
    ]),
  );
};

const never: TargetState = { targetId: null, applied: null, drifted: false, intent: null };
/** No intent has this ID, so that the last one counts as another's. */
const NO_INTENT = 'preview';

/**
 * What up to 100 writes would be answered, by the decision that `beginWrites` makes; but nothing is locked, and nothing
 * changes. Three statements and one for the contract.
 */
export const previewWrites = async (
  work: Work,
  key: StreamKey,
  request: Request,
): ReturnType<Operations['previewWrites']> => {
  const { sync, target } = await currentBundle(work, key.sync);
  const place = { system: target.name, entity: sync.target.entity, field: sync.target.externalIdField };
  const known = await findKnown(work, await streamIdOf(work, key), request);
  const ids = request.items.map(({ externalId }) => externalId);
  const targets = await readTargets(work, place, ids);
  const answers = request.items.map(({ externalId, updatedAt, digest }) => {
    const before = known.get(versionKey({ externalId, updatedAt, digest }));
    const version = {
      updatedAt: orderedAt(updatedAt, before?.opened_at ?? work.now),
      // Were it read by a poll now, it would be the last of its time.
      sequence: before?.sequence ?? Number.MAX_SAFE_INTEGER,
      digest,
    };
    const { kind } = decideWrite(NO_INTENT, version, targets.get(externalId) ?? never, work.now);
    return { kind: kind === 'repeat' ? 'in_progress' : kind, obligation: before?.state ?? null };
  });
  return { answers };
};
