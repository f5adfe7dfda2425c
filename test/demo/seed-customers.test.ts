import { seedCustomers } from '../../demo/erp/seed-customers.ts';
import type { SeededCustomer } from '../../demo/erp/seed-customers.ts';
import { createSeededRandom } from '../../demo/processes/seeded-random.ts';

const SEEDED_UNTIL_MS = Date.UTC(2026, 10, 20);
const DAY_MS = 86_400_000;

const seed = (number: number, records = 5_000): readonly SeededCustomer[] =>
  seedCustomers({ records, random: createSeededRandom(number), seededUntilMs: SEEDED_UNTIL_MS });

test('the same seed and instant give the same customers, another seed gives others', () => {
  expect(seed(1, 200)).toEqual(seed(1, 200));
  expect(seed(2, 200)).not.toEqual(seed(1, 200));
});

test('IDs, customer numbers and e-mail addresses are unique among 5,000 customers', () => {
  const customers = seed(1);
  const emails = customers.flatMap(({ email }) => email ?? []);
  expect(new Set(customers.map(({ ID }) => ID)).size).toBe(5_000);
  expect(new Set(customers.map(({ customerNumber }) => customerNumber)).size).toBe(5_000);
  expect(new Set(emails).size).toBe(emails.length);
  expect(emails.filter((email) => !/^[a-z]+\.[a-z]+\.\d{6}@example\.com$/u.test(email))).toEqual([]);
});

test('all changes lie within the thirty days before the instant, after the customer was created', () => {
  for (const { modifiedAt, createdAt } of seed(3)) {
    expect(Date.parse(modifiedAt)).toBeLessThan(SEEDED_UNTIL_MS);
    expect(Date.parse(modifiedAt)).toBeGreaterThanOrEqual(SEEDED_UNTIL_MS - 30 * DAY_MS);
    expect(createdAt <= modifiedAt).toBe(true);
  }
});

test('of 5,000 customers 700 share one change time and several hundred more share theirs with a few', () => {
  const ties = [...Map.groupBy(seed(1), ({ modifiedAt }) => modifiedAt).values()].map((tie) => tie.length);
  const small = ties.filter((size) => size > 1 && size < 100);
  expect(ties.filter((size) => size >= 100)).toEqual([700]);
  expect(small.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(300);
});
