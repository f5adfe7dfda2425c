import type { ContractBundle } from '../../../src/core/contract/bundle.ts';
import { digestJson } from '../../../src/core/digest.ts';
import { createRevalidate } from '../../../src/core/mapping/revalidate.ts';
import { stateAfter } from '../../../src/core/obligation/obligation-state.ts';
import { judgePayload } from '../../../src/core/replay/judge-replay.ts';
import { appendEvidence, pseudonym } from './evidence.ts';
import { payloadOf, putObligation, unsettledOf } from './obligations.ts';
import type { Obligation, Stream, Work } from './state.ts';

/** Checks the held records of a stream under a contract that is new to them, and opens those that pass. */
export const releaseHeld = (work: Work, { streamId, name: stream }: Stream, bundle: ContractBundle): void => {
  const { version: contractVersion, sync } = bundle;
  const held = unsettledOf(work, streamId)
    .filter(({ state, checkedVersion }) => state === 'held' && checkedVersion !== contractVersion)
    .toSorted((a, b) => a.obligationId - b.obligationId);
  if (held.length === 0) return;
  const revalidate = createRevalidate(sync);
  const released = held.filter((one) => {
    const fields = payloadOf(one);
    const then = work.state.mappedBy.get(one.contractVersion);
    const verdict = judgePayload(
      fields === undefined ? { kind: 'unreadable' } : { kind: 'checked', result: revalidate(then, fields) },
    );
    const after: Pick<Obligation, 'state' | 'reason'> =
      verdict.kind === 'possible'
        ? { state: stateAfter(one.state, 'passes_now'), reason: null }
        : { state: one.state, reason: verdict.reason };
    putObligation(work, { ...one, ...after, checkedVersion: contractVersion });
    return verdict.kind === 'possible';
  });
  if (released.length === 0) return;
  const subjectsDigest = digestJson(released.map(({ externalId }) => pseudonym(externalId)));
  const body = { stream, contractVersion, released: released.length, subjectsDigest };
  appendEvidence(work, { kind: 'held_released', sync: sync.name, body });
};
