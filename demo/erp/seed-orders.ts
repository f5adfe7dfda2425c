import type { SeededCustomer } from './seed-customers.ts';
import { createPicker } from './seed-picker.ts';
import { seedChangeTimes } from './seed-change-times.ts';

type SeededOrder = {
  readonly ID: string;
  readonly orderNumber: string;
  readonly customer_ID: string;
  readonly amount: string;
  readonly currency: string;
  readonly status: string;
  readonly createdAt: string;
  readonly modifiedAt: string;
};

type OrderSeed = {
  readonly customers: readonly SeededCustomer[];
  readonly random: () => number;
  readonly seededUntilMs: number;
};

const STATUSES = ['open', 'delivered', 'invoiced', 'cancelled'] as const;
const CUSTOMERS_PER_ORDER = 10;
const FIRST_ORDER_NUMBER = 700_001;

/** Every tenth customer has one order. */
export const seedOrders = ({ customers, random, seededUntilMs }: OrderSeed): readonly SeededOrder[] => {
  const pick = createPicker(random);
  const buyers = customers.filter((_, index) => index % CUSTOMERS_PER_ORDER === 0);
  const changeTimes = seedChangeTimes({ records: buyers.length, random, seededUntilMs });
  return changeTimes.flatMap((modifiedMs, index) => {
    const buyer = buyers[index];
    if (buyer === undefined) return [];
    const modifiedAt = new Date(modifiedMs).toISOString();
    return {
      ID: pick.uuid(),
      orderNumber: String(FIRST_ORDER_NUMBER + index),
      customer_ID: buyer.ID,
      amount: `${pick.integer(5, 9_000)}.${pick.digits(2)}`,
      currency: buyer.currency,
      status: pick.one(STATUSES),
      createdAt: modifiedAt,
      modifiedAt,
    };
  });
};
