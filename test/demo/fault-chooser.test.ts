import { createFaultChooser } from '../../demo/proxy/fault-chooser.ts';
import { faultPlanSchema } from '../../demo/proxy/fault-plan.ts';
import type { FaultPlanInput } from '../../demo/proxy/fault-plan.ts';
import { createSeededRandom } from '../../demo/processes/seeded-random.ts';

const write = { method: 'POST', url: '/contacts' };
const read = { method: 'GET', url: '/contacts' };

const choose = (plan: FaultPlanInput, seed: number, requests: readonly { method: string; url: string }[]): string[] => {
  const chooser = createFaultChooser(faultPlanSchema.parse(plan), createSeededRandom(seed));
  return requests.map(chooser.choose);
};
const distinct = (count: number, method: string): { method: string; url: string }[] =>
  Array.from({ length: count }, (_, index) => ({ method, url: `/${index}` }));

test('the same seed strikes the same requests, another seed strikes others', () => {
  const plan = { writes: { 'lost-reply': 0.3, 'error-503': 0.3 } };
  expect(choose(plan, 5, distinct(100, 'POST'))).toEqual(choose(plan, 5, distinct(100, 'POST')));
  expect(choose(plan, 6, distinct(100, 'POST'))).not.toEqual(choose(plan, 5, distinct(100, 'POST')));
});

test('each fault strikes about its share of the requests of its group', () => {
  const plan = { reads: { 'cut-body': 0.1 }, writes: { 'lost-reply': 0.2, 'throttled-date': 0.05 } };
  const writes = Map.groupBy(choose(plan, 1, distinct(10_000, 'PATCH')), (fault) => fault);
  const reads = Map.groupBy(choose(plan, 1, distinct(10_000, 'HEAD')), (fault) => fault);
  expect([...writes.keys()].toSorted()).toEqual(['lost-reply', 'none', 'throttled-date']);
  expect([...reads.keys()].toSorted()).toEqual(['cut-body', 'none']);
  expect((writes.get('lost-reply')?.length ?? 0) / 10_000).toBeCloseTo(0.2, 1);
  expect((writes.get('throttled-date')?.length ?? 0) / 10_000).toBeCloseTo(0.05, 1);
  expect((reads.get('cut-body')?.length ?? 0) / 10_000).toBeCloseTo(0.1, 1);
});

test('after the most faults in a row one request of that method and URL passes, and the count begins anew', () => {
  const plan = { writes: { 'error-500': 1 }, consecutiveMax: 2 };
  expect(choose(plan, 1, [write, write, write, write])).toEqual(['error-500', 'error-500', 'none', 'error-500']);
  const other = { method: 'POST', url: '/orders' };
  expect(choose(plan, 1, [write, write, other, write, read])).toEqual([
    'error-500',
    'error-500',
    'error-500',
    'none',
    'none',
  ]);
});

test('a slow reply gets through, so it neither counts as a fault in a row nor is held back by the limit', () => {
  expect(choose({ writes: { slow: 1 }, consecutiveMax: 0 }, 1, [write, write])).toEqual(['slow', 'slow']);
});

test('a forced fault strikes the next request of its group only, once', () => {
  const chooser = createFaultChooser(faultPlanSchema.parse({ consecutiveMax: 0 }), createSeededRandom(1));
  chooser.forceNext('writes', 'lost-reply');
  chooser.forceNext('writes', 'html-200');
  expect([read, write, write, write].map(chooser.choose)).toEqual(['none', 'lost-reply', 'html-200', 'none']);
});

test('a plan whose shares add up to more than one is refused', () => {
  expect(() => faultPlanSchema.parse({ reads: { slow: 0.6, 'html-200': 0.6 } })).toThrow(/add up to more than 1/u);
});
