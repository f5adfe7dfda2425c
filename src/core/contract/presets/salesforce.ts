import type { Preset } from './preset.ts';

const PATH = 'services/data/v61.0';

const query = (soql: string | { readonly firstOf: readonly string[] }): object => ({
  method: 'GET',
  path: `${PATH}/query`,
  query: { q: soql },
  quote: 'soql',
});

/** Salesforce, by SOQL and the collections API. `object: Contact`, `select: [Email, …]` and an External ID field. */
export const salesforce: Preset = {
  name: 'salesforce',
  version: 1,
  title: 'Salesforce',
  needs: ['object', 'select'],
  system: { driver: 'rest' },
  entity: {
    path: `${PATH}/sobjects/{object}`,
    idField: 'Id',
    updatedAtField: 'SystemModstamp',
    recordsAt: 'records',
    pageSize: 2000,
    findBatchMax: 100,
    requests: {
      list: query({
        firstOf: [
          'SELECT {select} FROM {object} WHERE SystemModstamp > {since} OR (SystemModstamp = {since} AND Id > {afterId}) ORDER BY SystemModstamp, Id LIMIT {pageSize}',
          'SELECT {select} FROM {object} WHERE SystemModstamp >= {since} ORDER BY SystemModstamp, Id LIMIT {pageSize}',
          'SELECT {select} FROM {object} ORDER BY SystemModstamp, Id LIMIT {pageSize}',
        ],
      }),
      find: query('SELECT {select} FROM {object} WHERE {field} IN ({values})'),
      create: { method: 'POST', path: `${PATH}/sobjects/{object}`, body: '{fields}' },
      update: { method: 'PATCH', path: `${PATH}/sobjects/{object}/{id}`, body: '{fields}' },
      upsert: {
        method: 'PATCH',
        path: `${PATH}/sobjects/{object}/{externalIdField}/{externalId}`,
        body: '{fieldsWithoutKey}',
      },
      upsertMany: {
        method: 'PATCH',
        path: `${PATH}/composite/sobjects/{object}/{externalIdField}`,
        body: {
          allOrNone: false,
          records: { forEach: { merge: [{ attributes: { type: '{object}' } }, '{fields}'] } },
        },
      },
    },
    paging: { style: 'keyset', tie: 'together' },
    write: { mode: 'upsert' },
    written: { created: { at: 'created', is: true } },
    batch: {
      max: 200,
      ok: { at: 'success', is: true },
      created: { at: 'created', is: true },
      codeAt: 'errors.0.statusCode',
    },
    errors: {
      codeAt: ['0.errorCode', 'errorCode'],
      throttled: [{ code: 'REQUEST_LIMIT_EXCEEDED' }, { code: 'UNABLE_TO_LOCK_ROW' }, { code: 'SERVER_UNAVAILABLE' }],
      several: [{ status: 300 }],
      missing: [{ code: 'ENTITY_IS_DELETED' }],
      tokenExpired: [{ code: 'INVALID_QUERY_LOCATOR' }],
    },
    retentionDays: 30,
    tokenLifeSeconds: 172_800,
    rates: [{ requests: 100_000, seconds: 86_400, scope: 'account' }],
    quirks: [
      'The external ID stands in the address of a single upsert; one that ends like a file name (.inc) may give 404',
      'Formula and roll-up fields change without moving SystemModstamp: reconcile them',
    ],
  },
  objects: {},
  facts: [
    { about: 'upsert by external ID: 201 created, 300 several matches and nothing written', mark: 'V', source: 'sf1' },
    { about: 'single upsert answers 200 (204 in old versions) to an update', mark: 'K', source: 'sf1' },
    {
      about: 'collections upsert: up to 200 records of one type, status 200 although records failed, results in order',
      mark: 'V',
      source: 'sf2',
    },
    { about: 'SOQL ordered by SystemModstamp and Id can be read by key', mark: 'S', source: 'sf3' },
    {
      about: 'locators of nextRecordsUrl last 2 days; formula fields do not move SystemModstamp',
      mark: 'K',
      source: '',
    },
    { about: 'deleted records are listed for 30 days', mark: 'S', source: 'sf4' },
    { about: '100,000 requests a day and more by licence', mark: 'S', source: 'sf5' },
    { about: '403 REQUEST_LIMIT_EXCEEDED where others answer 429', mark: 'K', source: '' },
    { about: 'a batch of a query is 200 to 2,000 records', mark: 'K', source: '' },
  ],
};
