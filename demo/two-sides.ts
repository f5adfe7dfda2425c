import { z } from 'zod';
import type { DemoSystems } from './systems.ts';

const customer = z.object({
  ID: z.string(),
  customerNumber: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  city: z.string().nullable(),
  country: z.string().nullable(),
  creditLimit: z.coerce.number().nullable(),
  currency: z.string().nullable(),
  blocked: z.boolean().nullable(),
  segment: z.string().nullable(),
});
export type Customer = z.output<typeof customer>;

const contact = z.looseObject({ id: z.union([z.string(), z.number()]), erpId: z.string().optional() });
type Contact = z.output<typeof contact>;

const PAGE = 1000;
const PAGES_MAX = 1000;

const read = async (url: string, token: string): Promise<unknown> => {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`Cannot read ${new URL(url).pathname}: status ${response.status}`);
  return response.json();
};

const write = async (url: string, token: string, method: 'POST' | 'PATCH' | 'DELETE', body?: object): Promise<void> => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`Cannot ${method} ${new URL(url).pathname}: status ${response.status}`);
};

/** All customers, straight from the ERP: no proxy, and none of Tidemark's code. */
export const readCustomers = async ({ erp, tokens }: DemoSystems): Promise<Customer[]> => {
  const all: Customer[] = [];
  let after = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const filter = after === '' ? '' : `&$filter=${encodeURIComponent(`ID gt ${after}`)}`;
    const body = await read(`${erp.url}/odata/v4/erp/Customers?$orderby=ID&$top=${PAGE}${filter}`, tokens.ERP_TOKEN);
    const { value } = z.object({ value: z.array(customer) }).parse(body);
    const last = value.at(-1);
    if (last === undefined) return all;
    all.push(...value);
    after = last.ID;
  }
  throw new Error(`The ERP has more than ${PAGE * PAGES_MAX} customers`);
};

export const changeCustomer = ({ erp, tokens }: DemoSystems, id: string, change: object): Promise<void> =>
  write(`${erp.url}/odata/v4/erp/Customers(${id})`, tokens.ERP_TOKEN, 'PATCH', change);

export const addCustomer = ({ erp, tokens }: DemoSystems, fields: object): Promise<void> =>
  write(`${erp.url}/odata/v4/erp/Customers`, tokens.ERP_TOKEN, 'POST', fields);

/** All contacts, straight from the CRM. */
export const readContacts = async ({ crm, tokens }: DemoSystems): Promise<Contact[]> =>
  z.array(contact).parse(await read(`${crm.url}/contacts`, tokens.CRM_TOKEN));

export const changeContact = ({ crm, tokens }: DemoSystems, id: string | number, change: object): Promise<void> =>
  write(`${crm.url}/contacts/${id}`, tokens.CRM_TOKEN, 'PATCH', change);

export const deleteContact = ({ crm, tokens }: DemoSystems, id: string | number): Promise<void> =>
  write(`${crm.url}/contacts/${id}`, tokens.CRM_TOKEN, 'DELETE');

/** What an independent reader finds when both sides are laid next to each other. */
export type Audit = {
  readonly customers: number;
  /** Customers that no contact carries as they are now. */
  readonly lost: number;
  /** Contacts beyond the first of one customer. */
  readonly duplicates: number;
};

const isCarried = (wanted: Customer, found: Contact): boolean => {
  const expected: Record<string, unknown> = {
    customerNumber: wanted.customerNumber,
    fullName: wanted.name,
    email: wanted.email,
    phone: wanted.phone,
    city: wanted.city,
    country: wanted.country,
    creditLimit: wanted.creditLimit,
    currency: wanted.currency,
    blocked: wanted.blocked,
    segment: wanted.segment,
  };
  return Object.entries(expected).every(([field, value]) => (found[field] ?? null) === (value === '' ? null : value));
};

/** Compares both sides record by record, by rules written here and nowhere else. */
export const auditBothSides = async (systems: DemoSystems): Promise<Audit> => {
  const customers = await readCustomers(systems);
  const contacts = Map.groupBy(await readContacts(systems), ({ erpId }) => erpId);
  let lost = 0;
  let duplicates = 0;
  for (const one of customers) {
    const found = contacts.get(one.ID) ?? [];
    if (!found.some((candidate) => isCarried(one, candidate))) lost += 1;
    duplicates += Math.max(0, found.length - 1);
  }
  return { customers: customers.length, lost, duplicates };
};
