import {
  CITIES,
  COMPANY_FORMS,
  FAMILY_NAMES,
  GIVEN_NAMES,
  HARD_NOTES,
  SEGMENTS,
  STREETS,
  TRADES,
} from './seed-words.ts';
import type { City } from './seed-words.ts';
import { createPicker } from './seed-picker.ts';
import type { Picker } from './seed-picker.ts';
import { seedChangeTimes } from './seed-change-times.ts';

/** As the database takes it: instants in ISO 8601 with milliseconds, decimals as strings. */
export type SeededCustomer = {
  readonly ID: string;
  readonly customerNumber: string;
  readonly name: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly street: string;
  readonly city: string;
  readonly postalCode: string;
  readonly country: string;
  readonly creditLimit: string | null;
  readonly currency: string;
  readonly blocked: boolean;
  readonly segment: string | null;
  readonly taxNumber: string | null;
  readonly notes: string | null;
  readonly createdAt: string;
  readonly modifiedAt: string;
};

type CustomerSeed = {
  readonly records: number;
  readonly random: () => number;
  readonly seededUntilMs: number;
};

const FIRST_CUSTOMER_NUMBER = 100_001;
const DAY_MS = 86_400_000;
const CREATED_BEFORE_MAX_DAYS = 2_000;

/**
 * Customers of the shape that a real ERP holds: people and companies, gaps, accents, and a few notes that break
 * a careless mapping. The order of the result has nothing to do with the order of IDs or of change times.
 */
export const seedCustomers = ({ records, random, seededUntilMs }: CustomerSeed): readonly SeededCustomer[] => {
  const pick = createPicker(random);
  return seedChangeTimes({ records, random, seededUntilMs }).map((modifiedMs, index) =>
    seedCustomer(pick, index, modifiedMs),
  );
};

const seedCustomer = (pick: Picker, index: number, modifiedMs: number): SeededCustomer => {
  const given = pick.one(GIVEN_NAMES);
  const family = pick.one(FAMILY_NAMES);
  const isCompany = pick.chance(0.35);
  const city = pick.one(CITIES);
  const customerNumber = String(FIRST_CUSTOMER_NUMBER + index);
  const createdMs = modifiedMs - pick.integer(0, CREATED_BEFORE_MAX_DAYS * DAY_MS);
  return {
    ID: pick.uuid(),
    customerNumber,
    name: isCompany ? `${family} ${pick.one(TRADES)} ${pick.one(COMPANY_FORMS)}` : `${given} ${family}`,
    // The number makes an address unique: names repeat, and the target may match on e-mail.
    email: pick.chance(0.03) ? null : `${mailbox(given, family)}.${customerNumber}@example.com`,
    phone: pick.chance(0.1) ? null : `+${city.dialCode} ${pick.digits(3)} ${pick.digits(7)}`,
    street: `${pick.one(STREETS)} ${pick.integer(1, 240)}`,
    city: city.name,
    postalCode: postalCode(pick, city),
    country: city.country,
    creditLimit: creditLimit(pick),
    currency: city.currency,
    blocked: pick.chance(0.04),
    segment: pick.chance(0.05) ? null : pick.one(SEGMENTS),
    taxNumber: isCompany ? `${city.country}${pick.digits(9)}` : null,
    notes: note(pick),
    createdAt: new Date(createdMs).toISOString(),
    modifiedAt: new Date(modifiedMs).toISOString(),
  };
};

const mailbox = (given: string, family: string): string =>
  `${given}.${family}`
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll(/[^a-z.]/gu, '');

const postalCode = (pick: Picker, city: City): string =>
  city.postalCodeForm.replaceAll('9', () => pick.digits(1)).replaceAll('A', () => pick.letter());

/** Cents matter, some have no limit, and a few are beyond what a binary float holds exactly with two places. */
const creditLimit = (pick: Picker): string | null => {
  if (pick.chance(0.06)) return null;
  if (pick.chance(0.01)) return `99999999999${pick.digits(2)}.${pick.digits(2)}`;
  return `${pick.integer(0, 250) * 100}.${pick.chance(0.3) ? pick.digits(2) : '00'}`;
};

const note = (pick: Picker): string | null => {
  if (pick.chance(0.02)) return pick.one(HARD_NOTES);
  return pick.chance(0.15) ? `Key account of ${pick.one(GIVEN_NAMES)} ${pick.one(FAMILY_NAMES)}` : null;
};
