import type { Instant } from '../../core/instant.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { decidePoll, decideSwitchOn, type OwnerDecision, type StreamOwner } from '../../core/read/stream-owner.ts';
import { appendEvidence } from './evidence-table.ts';
import type { StreamKey } from './streams-table.ts';
import type { Work } from './work.ts';

export const ownerColumns = ['zap_id', 'zap_polled_at', 'rival_zap_id', 'rival_at', 'told_at', 'told_cycle'] as const;

export type OwnerRow = {
  stream_id: number;
  zap_id: string | null;
  zap_polled_at: Instant | null;
  rival_zap_id: string | null;
  rival_at: Instant | null;
  told_at: Instant | null;
  told_cycle: string | null;
};

const ownerOf = (row: OwnerRow): StreamOwner => ({
  zapId: row.zap_id,
  polledAt: row.zap_polled_at,
  rivalZapId: row.rival_zap_id,
  rivalAt: row.rival_at,
  toldAt: row.told_at,
  toldCycle: row.told_cycle,
});

type Change = Partial<Omit<OwnerRow, 'stream_id'>>;

const change = async (work: Work, { stream_id: streamId }: OwnerRow, set: Change): Promise<void> => {
  await work.tx.updateTable('streams').set(set).where('stream_id', '=', streamId).execute();
};

/** The Zap was heard. One that takes the stream from another begins without that one's rivals. */
const recordOwner = async (
  work: Work,
  row: OwnerRow,
  zapId: string,
  { takenFrom }: Extract<OwnerDecision, { kind: 'owns' }>,
): Promise<void> => {
  const heard = { zap_id: zapId, zap_polled_at: work.now };
  const anew = { rival_zap_id: null, rival_at: null, told_at: null, told_cycle: null };
  await change(work, row, takenFrom === null ? heard : { ...heard, ...anew });
};

const recordTakeOver = async (work: Work, { sync, stream }: StreamKey, zapId: string, takenFrom: string | null) => {
  if (takenFrom === null) return;
  await appendEvidence(work, { kind: 'stream_taken_over', sync, body: { stream, zap: zapId, takenFrom } });
};

/**
 * Gives the stream, whose row is locked, to the Zap that is switched on.
 *
 * @throws StoreError `conflict` when another Zap polls it
 */
export const ownSwitchedOn = async (work: Work, key: StreamKey, row: OwnerRow, zapId: string): Promise<void> => {
  const decision = decideSwitchOn(ownerOf(row), zapId, work.now);
  if (decision.kind === 'owns') {
    await recordOwner(work, row, zapId, decision);
    await recordTakeOver(work, key, zapId, decision.takenFrom);
  }
  if (decision.kind !== 'refused') return;
  throw new StoreError(
    'conflict',
    `Stream "${key.stream}" of sync "${key.sync}" is polled by Zap ${decision.ownerZapId} already. Give this Zap a stream name of its own, or switch that one off and try again an hour later; nothing is lost`,
  );
};

/** Why a poll opens no cycle. `zapId` is the other Zap. */
export type Contested = { readonly kind: 'contested'; readonly as: 'owner' | 'rival'; readonly zapId: string };

/**
 * Decides whether a Zap may poll the stream, whose row is locked, and keeps what follows for the other Zap to be told.
 *
 * @returns undefined when it may
 */
export const ownPolling = async (
  work: Work,
  key: StreamKey,
  row: OwnerRow,
  poll: { readonly zapId: string; readonly cycleId: string },
): Promise<Contested | undefined> => {
  const { zapId, cycleId } = poll;
  const decision = decidePoll(ownerOf(row), poll, work.now);
  switch (decision.kind) {
    case 'owns':
      await recordOwner(work, row, zapId, decision);
      await recordTakeOver(work, key, zapId, decision.takenFrom);
      return undefined;
    case 'told':
      await change(work, row, { zap_polled_at: work.now, told_at: work.now, told_cycle: cycleId });
      return { kind: 'contested', as: 'owner', zapId: decision.rivalZapId };
    case 'refused':
      await change(work, row, { rival_zap_id: zapId, rival_at: work.now });
      return { kind: 'contested', as: 'rival', zapId: decision.ownerZapId };
  }
};
