import { eachOf } from '../../src/engine/each-of.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('all are worked on, each with its place, and never more at once than allowed', async () => {
  let running = 0;
  let most = 0;
  const done = new Map<string, number>();
  await eachOf(['a', 'b', 'c', 'd', 'e'], 2, async (one, place) => {
    running += 1;
    most = Math.max(most, running);
    await settle();
    running -= 1;
    done.set(one, place);
  });
  expect(most).toBe(2);
  expect(Object.fromEntries(done)).toEqual({ a: 0, b: 1, c: 2, d: 3, e: 4 });
});

test('one that fails fails the whole', async () => {
  const work = eachOf([1, 2, 3], 2, async (one) => {
    await settle();
    if (one === 2) throw new Error('the second');
  });
  await expect(work).rejects.toThrow('the second');
});
