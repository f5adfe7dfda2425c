import { sql } from 'kysely';
import { digestText } from '../../core/digest.ts';
import { compareInstants } from '../../core/instant.ts';
import type { NamedCheckpoint } from '../../core/protocol/dry-run-routes.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { checkpointNamed } from './checkpoints.ts';
import { bundleAsOf, currentBundle } from './contracts-table.ts';
import { appendEvidence } from './evidence-table.ts';
import type { Operations } from './operations.ts';
import { checkpointOf, findStream, noStream, type StreamKey } from './streams-table.ts';
import type { Work } from './work.ts';

type Request = Parameters<Operations['openDryRun']>[2];
type Reply = Awaited<ReturnType<Operations['openDryRun']>>;

const refuseBackwards = (key: StreamKey, from: NamedCheckpoint, to: NamedCheckpoint): void => {
  const isEmpty =
    to.mark === null || (from.mark !== null && compareInstants(from.mark.updatedAt, to.mark.updatedAt) > 0);
  if (!isEmpty) return;
  throw new StoreError(
    'invalid_request',
    `Cannot read stream "${key.stream}" of sync "${key.sync}" from checkpoint ${from.version} to ${to.version}: nothing lies between. Name the earlier one first`,
  );
};

/** Takes the place of a request; the evidence of the same one from before, if there was one. */
const recordOnce = async (work: Work, key: StreamKey, request: Request, reply: Omit<Reply, 'evidenceId'>) => {
  const { environment, keyId, name } = work.caller;
  const question = digestText(
    JSON.stringify(['dry run', environment, key, request.from, request.to, request.contract]),
  );
  const taken = await sql<{ replay_id: string }>`
    insert into replays (replay_id, environment, sync, question, key_id, at)
    values (${request.requestId}::uuid, ${environment}, ${key.sync}, ${question}, ${keyId}, ${work.now})
    on conflict (replay_id) do nothing returning replay_id
  `.execute(work.tx);
  if (taken.rows.length > 0) {
    const { from, to, bundle } = reply;
    const marks = { fromAt: from.mark?.updatedAt ?? null, toAt: to.mark?.updatedAt ?? null };
    const evidenceId = await appendEvidence(work, {
      kind: 'replay_dry_run',
      sync: key.sync,
      body: {
        stream: key.stream,
        replayId: request.requestId,
        by: keyId,
        name,
        contractVersion: bundle.version,
        from: from.version,
        to: to.version,
        ...marks,
      },
    });
    const answer = JSON.stringify({ evidenceId });
    await sql`update replays set answer = ${answer}::jsonb where replay_id = ${request.requestId}::uuid`.execute(
      work.tx,
    );
    return evidenceId;
  }
  const before = await sql<{ evidence_id: string | null; question: string }>`
    select answer ->> 'evidenceId' as evidence_id, question from replays where replay_id = ${request.requestId}::uuid
  `.execute(work.tx);
  const [row] = before.rows;
  if (row?.question === question && row.evidence_id !== null) return row.evidence_id;
  throw new StoreError(
    'conflict',
    `Cannot make a dry run under request ID ${request.requestId}: another replay has it. Take a new one`,
  );
};

/**
 * Says where two checkpoints of a stream are, gives the contract to look at what lies between, and leaves the evidence
 * that somebody does. Nothing else is changed. Eleven statements at most.
 *
 * @throws StoreError `not_found` for a stream, checkpoint or contract version that is not there, `invalid_request` where
 * nothing lies between
 */
export const openDryRun = async (work: Work, key: StreamKey, request: Request): Promise<Reply> => {
  const row = await findStream(work, key).executeTakeFirst();
  if (row === undefined) throw noStream(work, key);
  const stream = { ...key, streamId: row.stream_id, version: row.version };
  const from = await checkpointNamed(work, stream, request.from);
  const to = await checkpointNamed(work, stream, request.to);
  refuseBackwards(key, from, to);
  const bundle =
    request.contract === null
      ? await currentBundle(work, key.sync)
      : await bundleAsOf(work, key.sync, Number.parseInt(request.contract, 10));
  const reply = { from, to, startAt: checkpointOf(row).startAt, bundle };
  return { ...reply, evidenceId: await recordOnce(work, key, request, reply) };
};
