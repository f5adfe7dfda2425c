import { sql } from 'kysely';
import type { ContractBundle } from '../../core/contract/bundle.ts';
import type { SyncContract } from '../../core/contract/sync-contract.ts';
import { digestJson } from '../../core/digest.ts';
import { createRevalidate } from '../../core/mapping/revalidate.ts';
import { obligationChange } from '../../core/obligation/obligation-state.ts';
import { judgePayload } from '../../core/replay/judge-replay.ts';
import { syncContractOf } from './contracts-table.ts';
import { appendEvidence } from './evidence-table.ts';
import { tryOpenPayload } from './obligations-table.ts';
import type { Work } from './work.ts';

/** Held records that one poll checks again, and how much they may weigh; the next poll goes on. */
export const CHECKED_MAX = 500;
export const CHECKED_BYTES_MAX = 20_000_000;

type Held = {
  obligation_id: number;
  external_id: string;
  digest: string;
  sealed: Buffer;
  contract_version: string | null;
};

/** The held records of a stream that the contract of now has not been asked about. */
const findUnchecked = async (work: Work, streamId: number, version: string): Promise<Held[]> => {
  const found = await sql<Held>`
    select obligation_id, external_id, digest, sealed, contract_version
    from (select o.*, sum(o.sealed_bytes) over (order by o.obligation_id) as bytes from (
            select * from obligations
            where stream_id = ${streamId} and state = 'held' and checked_version is distinct from ${version}
            order by obligation_id limit ${CHECKED_MAX}) o) w
    where bytes <= ${CHECKED_BYTES_MAX} order by obligation_id
  `.execute(work.tx);
  return found.rows;
};

/**
 * Checks the held records of a stream under a contract that is new to them, and opens those that pass: once for each
 * record and contract. One statement when there are none, and two more and one for each contract that mapped them.
 *
 * The stream is locked by the caller.
 */
export const releaseHeld = async (
  work: Work,
  stream: { readonly streamId: number; readonly name: string },
  bundle: ContractBundle,
): Promise<void> => {
  const { streamId } = stream;
  const held = await findUnchecked(work, streamId, bundle.version);
  if (held.length === 0) return;
  const sync = bundle.sync.name;
  const contracts = new Map<string | null, SyncContract | undefined>();
  for (const version of new Set(held.map((row) => row.contract_version))) {
    contracts.set(version, version === null ? undefined : await syncContractOf(work, sync, version));
  }
  const revalidate = createRevalidate(bundle.sync);
  const { from, to } = obligationChange('passes_now');
  const checked = held.map(({ obligation_id, external_id: externalId, digest, sealed, contract_version }) => {
    const fields = tryOpenPayload(work, { streamId, externalId, digest, sealed });
    const verdict = judgePayload(
      fields === undefined
        ? { kind: 'unreadable' }
        : { kind: 'checked', result: revalidate(contracts.get(contract_version), fields) },
    );
    const isReleased = verdict.kind === 'possible';
    return {
      obligation_id,
      externalId,
      isReleased,
      reason: isReleased ? null : verdict.reason,
    };
  });
  await sql`
    update obligations o
    set state = case when r."isReleased" then ${to} else o.state end, reason = r.reason, checked_version = ${bundle.version}
    from jsonb_to_recordset(${JSON.stringify(checked)}::jsonb) as r(obligation_id bigint, "isReleased" boolean, reason text)
    where o.obligation_id = r.obligation_id and o.state = any(${from}::text[])
  `.execute(work.tx);
  const released = checked.filter(({ isReleased }) => isReleased).map(({ externalId }) => externalId);
  if (released.length === 0) return;
  await appendEvidence(work, {
    kind: 'held_released',
    sync,
    body: {
      stream: stream.name,
      contractVersion: bundle.version,
      released: released.length,
      subjectsDigest: digestJson(released.map((externalId) => work.sealing.pseudonym(externalId))),
    },
  });
};
