import type { z } from 'zod';
import { systemContract, type SystemContract } from '../../src/core/contract/system-contract.ts';
import type { EntityDriver, PageReply, SystemRecord, UnusableRow } from '../../src/core/system/entity-driver.ts';
import { createTokenCache } from '../../src/systems/http/token/token-cache.ts';
import { createEntityDriver } from '../../src/systems/registry.ts';

type Input = z.input<typeof systemContract>;
type RestInput = Extract<Input, { driver: 'rest' }>;
type ODataInput = Extract<Input, { driver: 'odata' }>;

/** Fixed, so that a date in Retry-After has a distance. */
export const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
/** Each name leads to a public address. */
export const publicLookup = (): Promise<readonly string[]> => Promise.resolve(['203.0.113.7']);
export const SECRET_VALUE = 'sk-live-3f9c1d77';

const common = {
  tidemark: 'system/v1',
  environment: 'pilot',
  allowPrivateHosts: true,
} as const;

/** A REST system with one entity, `contact`. */
export const restSystem = (
  entity: Partial<RestInput['entities'][string]> = {},
  system: Partial<RestInput> = {},
): SystemContract =>
  systemContract.parse({
    ...common,
    driver: 'rest',
    name: 'crm',
    baseUrl: 'https://crm.example.com/api',
    entities: {
      contact: { path: 'contacts', idField: 'id', updatedAtField: 'updatedAt', sinceParam: 'updatedAt_gte', ...entity },
    },
    ...system,
  });

/** An OData system with one entity, `customer`. */
export const odataSystem = (
  entity: Partial<ODataInput['entities'][string]> = {},
  system: Partial<ODataInput> = {},
): SystemContract =>
  systemContract.parse({
    ...common,
    driver: 'odata',
    name: 'erp',
    baseUrl: 'https://erp.example.com/odata/v4/erp',
    entities: {
      customer: { set: 'Customers', idField: 'ID', updatedAtField: 'modifiedAt', idType: 'guid', ...entity },
    },
    ...system,
  });

type Extra = { readonly fetch?: typeof fetch; readonly secret?: string; readonly externalIdField?: string };

/** The driver of a system's first entity. */
export const driverOf = (system: SystemContract, extra: Extra = {}): EntityDriver =>
  createEntityDriver({
    system,
    entity: Object.keys(system.entities)[0] ?? '',
    externalIdField: extra.externalIdField,
    secret: () => extra.secret ?? SECRET_VALUE,
    // Looked up at each call: the interceptor of HTTP replaces the global one.
    fetch: extra.fetch ?? ((...args) => globalThis.fetch(...args)),
    now: () => NOW_MS,
    tokens: createTokenCache(),
    lookup: publicLookup,
  });

export type Sweep = {
  readonly records: readonly SystemRecord[];
  readonly unusable: readonly UnusableRow[];
  readonly pages: number;
  readonly end: { readonly kind: 'end' } | Extract<PageReply, { kind: 'failed' }> | { readonly kind: 'pages' };
};

type SweepOptions = {
  readonly pageSize: number;
  readonly since?: SystemRecord['updatedAt'];
  readonly pagesMax?: number;
  /** Runs after each page but the last: what other people do meanwhile. */
  readonly between?: (page: number) => Promise<void> | void;
};

/**
 * Reads to the end, each page by a driver that knows nothing but the token: as a sweep does that outlives its process.
 *
 * @throws when a token comes twice or the update times go back, both of which the engine refuses
 */
export const sweep = async (makeDriver: () => EntityDriver, options: SweepOptions): Promise<Sweep> => {
  const records: SystemRecord[] = [];
  const unusable: UnusableRow[] = [];
  const tokens = new Set<string>();
  let token: string | null = null;
  for (let pages = 1; pages <= (options.pagesMax ?? 500); pages += 1) {
    const since = token === null ? (options.since ?? null) : null;
    const reply: PageReply = await makeDriver().readPage({ since, token, pageSize: options.pageSize });
    if (reply.kind === 'failed') return { records, unusable, pages, end: reply };
    for (const record of reply.records) {
      const last = records.at(-1);
      if (last !== undefined && record.updatedAt < last.updatedAt) throw new Error(`Page ${pages} goes back in time`);
      records.push(record);
    }
    unusable.push(...reply.unusable);
    if (reply.nextToken === null) return { records, unusable, pages, end: { kind: 'end' } };
    if (tokens.has(reply.nextToken)) throw new Error(`Page ${pages} gives a token for the second time`);
    if (reply.nextToken.length >= 4000) {
      throw new Error(`Page ${pages} gives a token of ${reply.nextToken.length} characters`);
    }
    tokens.add(reply.nextToken);
    token = reply.nextToken;
    await options.between?.(pages);
  }
  return { records, unusable, pages: options.pagesMax ?? 500, end: { kind: 'pages' } };
};
