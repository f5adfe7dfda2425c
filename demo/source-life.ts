import { createSeededRandom } from './processes/seeded-random.ts';
import type { DemoSystems } from './systems.ts';
import { addCustomer, changeCustomer, readCustomers } from './two-sides.ts';

export type SourceLife = {
  /** Resolves when every change is made. */
  readonly done: Promise<void>;
  readonly changes: () => number;
};

/** One of so many changes is a new customer. */
const NEW_EVERY = 10;

const cities = ['Łódź', 'Zürich', 'São Paulo', 'Malmö', 'Kyōto', 'Gent 🚲', "L'Aquila", '{{bundle.city}}'];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Lets the source change while it is being read, spread over `durationMs`: customers move and are blocked, some of
 * them twice, and new ones come.
 */
export const startSourceLife = async (
  systems: DemoSystems,
  count: number,
  durationMs: number,
  seed: number,
): Promise<SourceLife> => {
  const random = createSeededRandom(seed + 1);
  const customers = await readCustomers(systems);
  let made = 0;
  const change = async (number: number): Promise<void> => {
    const city = cities[Math.floor(random() * cities.length)] ?? 'Bern';
    const customer = customers[Math.floor(random() * customers.length)];
    if (number % NEW_EVERY === 0 || customer === undefined) {
      await addCustomer(systems, {
        customerNumber: `N${seed}-${number}`,
        name: `New customer ${number}`,
        city,
        country: 'CH',
      });
    } else {
      await changeCustomer(systems, customer.ID, {
        city,
        blocked: random() < 0.2,
        creditLimit: Math.floor(random() * 90_000),
      });
    }
    made += 1;
  };
  const run = async (): Promise<void> => {
    for (let number = 1; number <= count; number += 1) {
      await change(number);
      await pause(durationMs / count);
    }
  };
  return { done: run(), changes: () => made };
};
