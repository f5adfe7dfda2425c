import { sql } from 'kysely';
import type { Instant } from '../../core/instant.ts';
import type { CheckpointName, NamedCheckpoint } from '../../core/protocol/dry-run-routes.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import type { Operations } from './operations.ts';
import { streamIdOf, type StreamKey } from './streams-table.ts';
import type { Work } from './work.ts';

type Row = {
  version: number;
  cycle_id: string;
  page: number;
  at: Instant;
  mark_at: Instant | null;
  mark_id: string | null;
  rows: number;
  contract_version: string | null;
};

const pagesOf = (streamId: number) => sql`
  select p.checkpoint_version as version, p.cycle_id, p.page, p.at, p.mark_at, p.mark_id, p.rows_read as rows, c.contract_version
  from pages p join cycles c using (cycle_id) where c.stream_id = ${streamId}
`;

const markOf = ({ mark_at: at, mark_id: id }: Row): NamedCheckpoint['mark'] =>
  at === null || id === null ? null : { updatedAt: at, id };

/** The checkpoints of a stream as its pages left them, the newest first. Two statements. */
export const listCheckpoints = async (
  work: Work,
  key: StreamKey,
  { before, limit }: Parameters<Operations['listCheckpoints']>[2],
): ReturnType<Operations['listCheckpoints']> => {
  const streamId = await streamIdOf(work, key);
  const found = await sql<Row>`
    ${pagesOf(streamId)} and (${before ?? null}::bigint is null or p.checkpoint_version < ${before ?? null}::bigint)
    order by p.checkpoint_version desc limit ${limit + 1}
  `.execute(work.tx);
  const shown = found.rows.slice(0, limit);
  return {
    checkpoints: shown.map((row) => ({
      version: row.version,
      cycleId: row.cycle_id,
      page: row.page,
      at: row.at,
      mark: markOf(row),
      rows: row.rows,
      contractVersion: row.contract_version,
    })),
    nextBefore: found.rows.length > limit ? (shown.at(-1)?.version ?? null) : null,
  };
};

/** The page by which a version was reached: settling moves the version too, and reads nothing. */
const findVersion = async (work: Work, streamId: number, version: number): Promise<Row | undefined> => {
  const found = await sql<Row>`
    ${pagesOf(streamId)} and p.checkpoint_version <= ${version} order by p.checkpoint_version desc limit 1
  `.execute(work.tx);
  return found.rows[0];
};

const findCycle = async (work: Work, streamId: number, cycleId: string): Promise<Row | undefined> => {
  const found = await sql<Row>`
    ${pagesOf(streamId)} and c.cycle_id = ${cycleId}::uuid order by p.page desc limit 1
  `.execute(work.tx);
  return found.rows[0];
};

/**
 * The checkpoint that a name means. One statement, or none.
 *
 * @throws StoreError `not_found` for a version that the stream has not reached, and for a cycle that read no page of it
 */
export const checkpointNamed = async (
  work: Work,
  stream: StreamKey & { readonly streamId: number; readonly version: number },
  name: CheckpointName,
): Promise<NamedCheckpoint> => {
  const where = `stream "${stream.stream}" of sync "${stream.sync}"`;
  switch (name.kind) {
    case 'start':
      return { version: 0, mark: null };
    case 'version': {
      if (name.version > stream.version) {
        throw new StoreError(
          'not_found',
          `Cannot find checkpoint ${name.version} of ${where}: it is at version ${stream.version}. List its checkpoints`,
        );
      }
      const row = await findVersion(work, stream.streamId, name.version);
      return { version: name.version, mark: row === undefined ? null : markOf(row) };
    }
    case 'cycle': {
      const row = await findCycle(work, stream.streamId, name.cycleId);
      if (row !== undefined) return { version: row.version, mark: markOf(row) };
      throw new StoreError(
        'not_found',
        `Cannot find a checkpoint of cycle ${name.cycleId} of ${where}: it read no page of it. List the checkpoints`,
      );
    }
  }
};
