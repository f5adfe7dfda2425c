import type { Preset } from './preset.ts';

const PATH = 'admin/api/2025-10/graphql.json';

const post = (query: string, variables: object): object => ({
  method: 'POST',
  path: PATH,
  body: { query, variables },
});

/** What differs between customers and products: names only. */
const objectOf = (one: string, type: string): Preset['entity'] => {
  const many = `${one}s`;
  const set = `${one}Set`;
  const write = `mutation ($identifier: ${type}SetIdentifiers, $input: ${type}SetInput!) { ${set}(identifier: $identifier, input: $input) { ${one} { id } userErrors { field code } } }`;
  return {
    recordsAt: `data.${many}.nodes`,
    paging: {
      style: 'cursor',
      nextAt: `data.${many}.pageInfo.endCursor`,
      end: { at: `data.${many}.pageInfo.hasNextPage`, is: false },
    },
    requests: {
      list: post(
        `query ($first: Int!, $after: String, $query: String) { ${many}(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) { nodes { {select} } pageInfo { hasNextPage endCursor } } }`,
        { first: '{pageSize}', after: '{cursor}', query: "updated_at:>='{since}'" },
      ),
      find: {
        ...post(
          `query ($namespace: String!, $key: String!, $value: String!) { ${one}ByIdentifier(identifier: { customId: { namespace: $namespace, key: $key, value: $value } }) { {select} externalId: metafield(namespace: $namespace, key: $key) { value } } }`,
          { namespace: '{keySystem}', key: '{field}', value: '{value}' },
        ),
        recordsAt: `data.${one}ByIdentifier`,
      },
      readByIds: {
        ...post(`query ($ids: [ID!]!) { nodes(ids: $ids) { ... on ${type} { {select} } } }`, { ids: '{values}' }),
        recordsAt: 'data.nodes',
      },
      create: post(write, { input: '{fieldsWithoutKey}' }),
      update: post(write, { identifier: { id: '{id}' }, input: '{fieldsWithoutKey}' }),
      upsert: post(write, {
        identifier: { customId: { namespace: '{keySystem}', key: '{externalIdField}', value: '{externalId}' } },
        input: '{fieldsWithoutKey}',
      }),
    },
    written: { recordAt: `data.${set}.${one}`, created: 'untold' },
    errors: {
      codeAt: ['errors.0.extensions.code', `data.${set}.userErrors.0.code`],
      refusedWhen: [{ at: `data.${set}.userErrors` }],
    },
  };
};

/** Shopify's GraphQL Admin API. `object: customers` or `products`, `select`, and an `id` metafield as external ID. */
export const shopify: Preset = {
  name: 'shopify',
  version: 1,
  title: 'Shopify',
  needs: ['object', 'select'],
  system: { driver: 'rest' },
  entity: {
    path: PATH,
    idField: 'id',
    updatedAtField: 'updatedAt',
    sinceAs: 'iso-s',
    resolutionSeconds: 1,
    indexLagSeconds: 60,
    pageSize: 250,
    keySystem: 'custom',
    externalIdAt: 'externalId.value',
    windowCap: { rows: 25_000, signal: 'error' },
    write: { mode: 'upsert', method: 'POST' },
    errors: {
      failedWhen: [{ at: 'errors' }],
      throttled: [{ code: 'THROTTLED' }, { status: 430 }],
      missing: [
        { code: 'NOT_FOUND', on: 'update' },
        { code: 'PRODUCT_DOES_NOT_EXIST', on: 'update' },
      ],
      refused: [
        { code: 'ACCESS_DENIED' },
        { code: 'MAX_COST_EXCEEDED' },
        { code: 'undefinedField' },
        { code: 'variableMismatch' },
        { code: 'argumentNotAccepted' },
        { code: 'INVALID_VARIABLE' },
      ],
      refill: {
        neededAt: 'extensions.cost.requestedQueryCost',
        availableAt: 'extensions.cost.throttleStatus.currentlyAvailable',
        perSecondAt: 'extensions.cost.throttleStatus.restoreRate',
      },
      retryAfterSeconds: 2,
    },
    rates: [{ requests: 100, seconds: 1, scope: 'points of app and shop; more by plan' }],
    quirks: [
      'The external ID is a metafield definition of type id, made before the first write; keySystem is its namespace',
      'An upsert does not say whether it created; deletions are found by full reconciliation only',
      'Lists in the input (addresses, variants, metafields) replace those that are there',
      'The list is a search and may lag; look-ups by custom ID and by ID do not',
    ],
  },
  objects: {
    customers: objectOf('customer', 'Customer'),
    products: objectOf('product', 'Product'),
  },
  facts: [
    {
      about: 'customerSet and productSet upsert by identifier, with customId from 2025-04 on',
      mark: 'V',
      source: 'sh1',
    },
    { about: 'an id metafield has unique values; look-up by customId with …ByIdentifier', mark: 'V', source: 'sh2' },
    { about: 'a paginated list gives 25,000 objects, an array at most 250', mark: 'V', source: 'sh3' },
    {
      about: 'query syntax updated_at:>=, sortKey UPDATED_AT, a cursor that says where it stood',
      mark: 'K',
      source: '',
    },
    {
      about: 'THROTTLED comes with status 200 and throttleStatus; 100 to 2,000 points a second',
      mark: 'V',
      source: 'sh4',
    },
    { about: 'userErrors with a code; those of an ID that is not there are NOT_FOUND', mark: 'K', source: '' },
    { about: 'update times in whole seconds; the search lags by less than a minute', mark: 'K', source: '' },
    {
      about: 'an answer of productSet with lists deletes what they leave out',
      mark: 'S',
      source: 'sh5',
    },
  ],
};
