import { createScaledClock } from '../../standin/scaled-clock.ts';
import { createSeededRandom } from '../../standin/seeded-random.ts';
import { createVirtualClock } from '../../standin/virtual-clock.ts';

test('virtual time jumps to the earliest sleeper, in order', async () => {
  const clock = createVirtualClock(1_000);
  const woken: string[] = [];
  await Promise.all([
    clock.sleepUntil(90_000).then(() => woken.push(`late at ${clock.now()}`)),
    clock.sleepUntil(5_000).then(() => woken.push(`early at ${clock.now()}`)),
  ]);
  expect(woken).toEqual(['early at 5000', 'late at 90000']);
});

test('virtual time stands still while anybody works', async () => {
  const clock = createVirtualClock(0);
  const endWork = clock.beginWork();
  const slept = clock.sleepUntil(10_000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(clock.now()).toBe(0);
  endWork();
  endWork();
  await slept;
  expect(clock.now()).toBe(10_000);
});

test('a sleep that is called off moves no time', async () => {
  const clock = createVirtualClock(0);
  const off = new AbortController();
  const slept = clock.sleepUntil(10_000, off.signal);
  off.abort();
  await slept;
  await new Promise((resolve) => setImmediate(resolve));
  expect(clock.now()).toBe(0);
  expect(() => clock.advanceBy(-1)).toThrow(RangeError);
});

test('a scaled clock sleeps its share of real time', async () => {
  const clock = createScaledClock(1_000);
  const startedAt = performance.now();
  await clock.sleepUntil(clock.now() + 30_000);
  const realMs = performance.now() - startedAt;
  expect(realMs).toBeGreaterThan(20);
  expect(realMs).toBeLessThan(1_000);
});

test('one seed gives one sequence, another seed another', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, createSeededRandom(seed));
  expect(draw(3)).toEqual(draw(3));
  expect(draw(3)).not.toEqual(draw(4));
  expect(draw(3).every((number) => number >= 0 && number < 1)).toBe(true);
});
