import { instantFromMs } from '../../../src/core/instant.ts';
import { decidePoll, decideSwitchOn, type StreamOwner } from '../../../src/core/read/stream-owner.ts';

const HOUR_MS = 3_600_000;
const now = instantFromMs(Date.parse('2026-11-21T12:00:00Z'));
const ago = (hours: number) => instantFromMs(Date.parse('2026-11-21T12:00:00Z') - hours * HOUR_MS);

const nobody: StreamOwner = {
  zapId: null,
  polledAt: null,
  rivalZapId: null,
  rivalAt: null,
  toldAt: null,
  toldCycle: null,
};
const ownedBy = (zapId: string, hours: number, rest: Partial<StreamOwner> = {}): StreamOwner => ({
  ...nobody,
  zapId,
  polledAt: ago(hours),
  ...rest,
});
const poll = (owner: StreamOwner, zapId: string, cycleId = 'cycle') => decidePoll(owner, { zapId, cycleId }, now);

test('the first Zap that says which it is owns the stream', () => {
  expect(poll(nobody, 'a')).toEqual({ kind: 'owns', takenFrom: null });
  expect(decideSwitchOn(nobody, 'a', now)).toEqual({ kind: 'owns', takenFrom: null });
});

test('the owner keeps the stream however long it was silent', () => {
  expect(poll(ownedBy('a', 500), 'a')).toEqual({ kind: 'owns', takenFrom: null });
  expect(decideSwitchOn(ownedBy('a', 500), 'a', now)).toEqual({ kind: 'owns', takenFrom: null });
});

test('another Zap that polls is refused until the owner has been silent for 24 hours', () => {
  expect(poll(ownedBy('a', 23.999), 'b')).toEqual({ kind: 'refused', ownerZapId: 'a' });
  expect(poll(ownedBy('a', 24), 'b')).toEqual({ kind: 'owns', takenFrom: 'a' });
});

test('another Zap that is switched on is refused until the owner has been silent for an hour', () => {
  expect(decideSwitchOn(ownedBy('a', 0.999), 'b', now)).toEqual({ kind: 'refused', ownerZapId: 'a' });
  expect(decideSwitchOn(ownedBy('a', 1), 'b', now)).toEqual({ kind: 'owns', takenFrom: 'a' });
});

test('the owner is told of a rival that still tries, once in 24 hours, and the same poll is told again', () => {
  const tried = { rivalZapId: 'b', rivalAt: ago(0.1) };
  const told = { kind: 'told', rivalZapId: 'b' };
  expect(poll(ownedBy('a', 0.1, tried), 'a')).toEqual(told);
  const toldOwner = ownedBy('a', 0, { ...tried, toldAt: ago(0), toldCycle: 'first' });
  expect(poll(toldOwner, 'a', 'first')).toEqual(told);
  expect(poll(toldOwner, 'a', 'second')).toEqual({ kind: 'owns', takenFrom: null });
  expect(poll(ownedBy('a', 0.1, { ...tried, toldAt: ago(23.9), toldCycle: 'first' }), 'a').kind).toBe('owns');
  expect(poll(ownedBy('a', 0.1, { ...tried, toldAt: ago(24), toldCycle: 'first' }), 'a')).toEqual(told);
});

test('a rival that has stopped trying is not told of', () => {
  expect(poll(ownedBy('a', 0.1, { rivalZapId: 'b', rivalAt: ago(1) }), 'a').kind).toBe('owns');
});
