import { StoreError } from '../../../src/core/protocol/store-error.ts';
import { decidePoll, decideSwitchOn, type StreamOwner } from '../../../src/core/read/stream-owner.ts';
import { appendEvidence } from './evidence.ts';
import type { Operation } from './operation.ts';
import type { Stream, Work } from './state.ts';

type Contested = Extract<ReturnType<Operation<'openCycle'>>, { kind: 'contested' }>;

export const NO_OWNER: StreamOwner = {
  zapId: null,
  polledAt: null,
  rivalZapId: null,
  rivalAt: null,
  toldAt: null,
  toldCycle: null,
};

const change = ({ state }: Work, stream: Stream, owner: StreamOwner): void => {
  state.streams.set(stream.streamId, { ...stream, owner });
};

/** The Zap was heard. One that takes the stream from another begins without that one's rivals. */
const own = (work: Work, stream: Stream, zapId: string, takenFrom: string | null): void => {
  const before = takenFrom === null ? stream.owner : NO_OWNER;
  change(work, stream, { ...before, zapId, polledAt: work.now });
  if (takenFrom === null) return;
  const body = { stream: stream.name, zap: zapId, takenFrom };
  appendEvidence(work, { kind: 'stream_taken_over', sync: stream.sync, body });
};

/** @throws StoreError `conflict` when another Zap polls the stream */
export const ownSwitchedOn = (work: Work, stream: Stream, zapId: string): void => {
  const decision = decideSwitchOn(stream.owner, zapId, work.now);
  if (decision.kind === 'owns') own(work, stream, zapId, decision.takenFrom);
  if (decision.kind !== 'refused') return;
  throw new StoreError(
    'conflict',
    `Stream "${stream.name}" of sync "${stream.sync}" is polled by Zap ${decision.ownerZapId} already. Give this Zap a stream name of its own, or switch that one off and try again an hour later; nothing is lost`,
  );
};

/** Why a Zap may not poll the stream, with what follows for the other Zap to be told; undefined when it may. */
export const ownPolling = (
  work: Work,
  stream: Stream,
  poll: { readonly zapId: string; readonly cycleId: string },
): Contested | undefined => {
  const { now } = work;
  const { zapId, cycleId } = poll;
  const decision = decidePoll(stream.owner, poll, now);
  switch (decision.kind) {
    case 'owns':
      own(work, stream, zapId, decision.takenFrom);
      return undefined;
    case 'told':
      change(work, stream, { ...stream.owner, polledAt: now, toldAt: now, toldCycle: cycleId });
      return { kind: 'contested', as: 'owner', zapId: decision.rivalZapId };
    case 'refused':
      change(work, stream, { ...stream.owner, rivalZapId: zapId, rivalAt: now });
      return { kind: 'contested', as: 'rival', zapId: decision.ownerZapId };
  }
};
