import { sql } from 'kysely';
import type { Operations } from './operations.ts';
import { checkpointOf, findStream, noStream, type StreamKey } from './streams-table.ts';
import type { Work } from './work.ts';

/** A stream with the counts of its obligations. */
export const getStream = async (work: Work, key: StreamKey): ReturnType<Operations['getStream']> => {
  const row = await findStream(work, key).executeTakeFirst();
  if (row === undefined) throw noStream(work, key);
  const states = await sql<{ state: string; count: number }>`
    select state, count(*) as count from obligations where stream_id = ${row.stream_id} group by state
  `.execute(work.tx);
  const deliveries = await sql<{ count: number }>`
    select count(*) as count from deliveries d join obligations o using (obligation_id) where o.stream_id = ${row.stream_id}
  `.execute(work.tx);
  const reading = await sql<{ cycles: number; pages: number; rows: number; late: number }>`
    select count(*) as cycles, coalesce(sum(pages), 0) as pages, coalesce(sum(rows_read), 0) as rows, coalesce(sum(late), 0) as late
    from cycles where stream_id = ${row.stream_id}
  `.execute(work.tx);
  const count = (state: string): number => states.rows.find((one) => one.state === state)?.count ?? 0;
  return {
    sync: key.sync,
    stream: key.stream,
    owner:
      row.zap_id === null || row.zap_polled_at === null ? null : { zapId: row.zap_id, polledAt: row.zap_polled_at },
    checkpoint: checkpointOf(row),
    counts: {
      open: count('open'),
      held: count('held'),
      applied: count('applied'),
      superseded: count('superseded'),
      unchanged: count('unchanged'),
      deadLettered: count('dead_lettered'),
      deliveries: deliveries.rows[0]?.count ?? 0,
    },
    reading: reading.rows[0] ?? { cycles: 0, pages: 0, rows: 0, late: 0 },
  };
};
