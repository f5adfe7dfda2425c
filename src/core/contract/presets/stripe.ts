import type { Preset } from './preset.ts';

/** Objects of one kind, as a target: looked up by metadata, created under a key of the external ID. */
const targetOf = (object: string): Preset['entity'] => ({
  path: `v1/${object}`,
  idField: 'id',
  updatedAtField: 'created',
  requests: {
    find: {
      path: `v1/${object}/search`,
      query: { query: '{each}', limit: '{pageSize}' },
      each: { text: 'metadata["{fieldName}"]:{value}', join: ' OR ' },
      quote: 'json',
    },
    create: {
      method: 'POST',
      path: `v1/${object}`,
      headers: { 'Idempotency-Key': `tidemark-${object}-{externalIdHash}` },
      body: '{fields}',
      bodyAs: 'form',
    },
    update: { method: 'POST', path: `v1/${object}/{id}`, body: '{fields}', bodyAs: 'form', quote: 'plain' },
  },
});

/** The changes of one kind of objects, as a source: its events, each with the object as it was then. */
const eventsOf = (object: string): Preset['entity'] => ({
  path: 'v1/events',
  idField: 'data.object.id',
  updatedAtField: 'created',
  requests: {
    list: {
      path: 'v1/events',
      query: {
        'types[0]': `${object}.created`,
        'types[1]': `${object}.updated`,
        'created[gte]': '{since}',
        'created[lt]': '{until}',
        starting_after: '{cursor}',
        limit: '{pageSize}',
      },
    },
  },
  paging: { style: 'newest-first', more: { at: 'has_more', is: true }, cursorField: 'id' },
  retentionDays: 30,
});

/**
 * Stripe. `object: customers` or `products` as a target, with `metadata.….` as external ID; `object: customer-events` or
 * `product-events` as a source of what changed in the last 30 days.
 */
export const stripe: Preset = {
  name: 'stripe',
  version: 1,
  title: 'Stripe',
  needs: ['object'],
  system: { driver: 'rest' },
  entity: {
    timestamp: 'epoch-s',
    resolutionSeconds: 1,
    recordsAt: 'data',
    pageSize: 100,
    findBatchMax: 10,
    write: { mode: 'find-then-write' },
    errors: {
      codeAt: ['error.code', 'error.type'],
      throttled: [{ status: 429 }, { code: 'lock_timeout' }, { code: 'idempotency_key_in_use' }],
      conflict: [{ code: 'idempotency_error' }],
      missing: [{ code: 'resource_missing', on: 'update' }],
      retryAfterSeconds: 2,
    },
    rates: [
      { requests: 100, seconds: 1, scope: 'account, live' },
      { requests: 25, seconds: 1, scope: 'endpoint' },
      { requests: 20, seconds: 1, scope: 'search' },
    ],
    quirks: [
      'As a source it shows 30 days of events, and no object without one: neither a first load nor full reconciliation is proven',
      'Look-ups are a search that may lag by a minute or more: the store knows the IDs of what it wrote itself',
      'A create is made under an idempotency key of its external ID, which Stripe keeps for a day; a 500 is repeated as long',
      'Records cannot be read again by ID as a source gives them: an object has no time of its last change',
    ],
  },
  objects: {
    customers: targetOf('customers'),
    products: targetOf('products'),
    'customer-events': eventsOf('customer'),
    'product-events': eventsOf('product'),
  },
  facts: [
    {
      about:
        'same Idempotency-Key and parameters: the first answer again, 500 included; others: an error; kept 24 h or more',
      mark: 'V',
      source: 'st1',
    },
    {
      about: 'no filter on changes; lists newest first, starting_after, has_more, 100 a page',
      mark: 'S',
      source: 'st2',
    },
    { about: 'events are kept for 30 days', mark: 'V', source: 'ab1' },
    { about: '100 requests a second, 25 for an endpoint; 429, also as lock_timeout', mark: 'V', source: 'st2' },
    { about: 'search is not for reading what was just written', mark: 'K', source: '' },
    { about: 'events take types, created[gte] and created[lt]', mark: 'K', source: '' },
    { about: 'a query joins clauses by OR, in double quotes with backslashes', mark: 'K', source: '' },
  ],
};
