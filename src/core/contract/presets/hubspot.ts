import type { Preset } from './preset.ts';

const PATH = 'crm/v3/objects/{object}';

/** Search sorts by one property only: by the update time, and inside a tie of it by ID. */
const listBy = (modified: string): object => {
  const body = (filters: readonly object[], sortedBy: string): object => ({
    limit: '{pageSize}',
    properties: '{select}',
    ...(filters.length === 0 ? {} : { filterGroups: [{ filters }] }),
    sorts: [{ propertyName: sortedBy, direction: 'ASCENDING' }],
  });
  const at = (operator: string): object => ({ propertyName: modified, operator, value: '{since}' });
  const after = { propertyName: 'hs_object_id', operator: 'GT', value: '{afterId}' };
  return {
    method: 'POST',
    path: `${PATH}/search`,
    body: { firstOf: [body([at('EQ'), after], 'hs_object_id'), body([at('GTE')], modified), body([], modified)] },
  };
};

const lookup = (more: object): object => ({
  method: 'POST',
  path: `${PATH}/batch/read`,
  body: { ...more, properties: '{select}', inputs: { forEach: { id: '{value}' } } },
  errors: { at: 'errors', codeAt: 'category', missing: ['OBJECT_NOT_FOUND'] },
});

const requests = {
  find: lookup({ idProperty: '{field}' }),
  readByIds: lookup({}),
  create: { method: 'POST', path: PATH, body: { properties: '{fields}' } },
  update: { method: 'PATCH', path: `${PATH}/{id}`, body: { properties: '{fields}' } },
  upsertMany: {
    method: 'POST',
    path: `${PATH}/batch/upsert`,
    body: {
      inputs: {
        forEach: {
          id: '{externalId}',
          idProperty: '{externalIdField}',
          objectWriteTraceId: '{itemKey}',
          properties: '{fields}',
        },
      },
    },
  },
};

/** HubSpot, by search and batch upsert. `object: contacts`, `select: [email, …]` and a property with unique values. */
export const hubspot: Preset = {
  name: 'hubspot',
  version: 1,
  title: 'HubSpot',
  needs: ['object', 'select'],
  system: { driver: 'rest' },
  entity: {
    path: PATH,
    idField: 'id',
    updatedAtField: 'properties.hs_lastmodifieddate',
    sinceAs: 'epoch-ms',
    recordsAt: 'results',
    fieldsAt: 'properties',
    pageSize: 200,
    findBatchMax: 100,
    requests: { ...requests, list: listBy('hs_lastmodifieddate') },
    paging: { style: 'keyset', tie: 'apart', tieFrom: '0' },
    windowCap: { rows: 10_000, signal: 'error' },
    totalAt: 'total',
    write: { mode: 'upsert' },
    batch: {
      max: 100,
      itemsAt: 'results',
      keyAt: 'objectWriteTraceId',
      created: { at: 'new', is: true },
      errors: { at: 'errors', keyAt: 'context.objectWriteTraceId.0', codeAt: 'category' },
    },
    errors: {
      codeAt: ['category', 'errorType'],
      throttled: [{ status: 429 }, { code: 'RATE_LIMITS' }],
      missing: [{ code: 'OBJECT_NOT_FOUND' }],
      retryAfterSeconds: 10,
    },
    indexLagSeconds: 60,
    rates: [
      { requests: 190, seconds: 10, scope: 'app' },
      { requests: 650_000, seconds: 86_400, scope: 'account' },
      { requests: 5, seconds: 1, scope: 'account, search' },
    ],
    quirks: [
      'Upserts by e-mail must give all properties: use a custom property with unique values as external ID',
      'Archived records never appear in search',
    ],
  },
  objects: {
    contacts: {
      updatedAtField: 'properties.lastmodifieddate',
      requests: { list: listBy('lastmodifieddate') },
    },
  },
  facts: [
    {
      about: 'batch upsert: up to 100, status 207 where some failed, new says that it was created',
      mark: 'V',
      source: 'hs1',
    },
    { about: 'objectWriteTraceId of an input is that of its result', mark: 'V', source: 'hs1' },
    { about: 'a failure names the input in context.objectWriteTraceId', mark: 'S', source: 'clients of the batch API' },
    { about: 'no partial upsert with idProperty email', mark: 'V', source: 'hs2' },
    { about: 'search: 10,000 results a query, 200 a page, one sort key, an index that lags', mark: 'V', source: 'hs3' },
    { about: 'the index lags by less than a minute; contacts are filtered by lastmodifieddate', mark: 'K', source: '' },
    { about: '190 requests in 10 s, 650,000 a day; search 5 a second for the account', mark: 'V', source: 'hs4' },
    { about: 'batch read leaves out what is not there and lists it as OBJECT_NOT_FOUND', mark: 'K', source: '' },
  ],
};
