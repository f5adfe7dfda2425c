import type { Preset } from './preset.ts';

const headers = { Accept: 'application/fhir+json' };
const written = { ...headers, 'Content-Type': 'application/fhir+json', Prefer: 'return=representation' };

/** What a resource must say of itself, beside the mapped elements. */
const own = { resourceType: '{object}', identifier: [{ system: '{keySystem}', value: '{externalId}' }] };

const search = (query: object): object => ({ path: '{object}', query, headers, quote: 'fhir' });

/** FHIR R4, by search and conditional update. `object: Patient` and `keySystem`, the system of the identifier. */
export const fhir: Preset = {
  name: 'fhir',
  version: 1,
  title: 'FHIR R4',
  needs: ['object', 'keySystem'],
  system: { driver: 'rest' },
  entity: {
    path: '{object}',
    idField: 'id',
    updatedAtField: 'meta.lastUpdated',
    versionAt: 'meta.versionId',
    recordsAt: 'entry',
    rowAt: 'resource',
    skipRows: [
      { at: 'search.mode', is: 'outcome' },
      { at: 'search.mode', is: 'include' },
    ],
    // JSON of FHIR has no empty arrays: a search that finds nothing has no entry.
    emptyWhen: { at: 'resourceType', is: 'Bundle' },
    externalIdField: 'identifier',
    externalIdAt: 'identifier[system={keySystem}].value',
    pageSize: 200,
    findBatchMax: 20,
    requests: {
      list: search({ _lastUpdated: 'ge{since}', _sort: '_lastUpdated', _count: '{pageSize}' }),
      find: {
        ...search({ identifier: '{each}', _count: '{pageSize}' }),
        each: { text: '{keySystem}|{value}', join: ',' },
      },
      readByIds: search({ _id: '{values}', _count: '{pageSize}' }),
      create: {
        method: 'POST',
        path: '{object}',
        headers: written,
        body: { merge: ['{fieldsWithoutKey}', own] },
      },
      update: {
        method: 'PUT',
        path: '{object}/{id}',
        headers: { ...written, 'If-Match': 'W/"{version}"' },
        body: { merge: ['{fieldsWithoutKey}', own, { id: '{id}' }] },
        quote: 'plain',
      },
      upsert: {
        method: 'PUT',
        path: '{object}',
        query: { identifier: '{keySystem}|{externalId}' },
        headers: written,
        body: { merge: ['{fieldsWithoutKey}', own] },
        quote: 'fhir',
      },
      upsertMany: {
        method: 'POST',
        path: '',
        headers: written,
        body: {
          resourceType: 'Bundle',
          type: 'batch',
          entry: {
            forEach: {
              resource: { merge: ['{fieldsWithoutKey}', own] },
              request: { method: 'PUT', url: '{object}?identifier={keySystem}%7C{externalId}' },
            },
          },
        },
        quote: 'fhir-url',
      },
    },
    paging: { style: 'link', nextAt: 'link[relation=next].url', isFrozen: true },
    write: { mode: 'upsert' },
    batch: {
      max: 50,
      itemsAt: 'entry',
      idAt: 'resource.id',
      ok: { at: 'response.status', begins: '2' },
      created: { at: 'response.status', begins: '201' },
      statusAt: 'response.status',
      codeAt: 'response.outcome.issue.0.code',
    },
    errors: {
      codeAt: ['issue.0.code'],
      throttled: [{ status: 429 }, { code: 'throttled' }],
      several: [{ status: 412, on: 'upsert' }, { code: 'multiple-matches' }],
      conflict: [
        { status: 412, on: 'update' },
        { status: 409, on: 'update' },
      ],
      tokenExpired: [{ status: 410 }],
    },
    rates: [],
    quirks: [
      'A write replaces the whole resource: what is not mapped, other identifiers too, is gone; map it, or own the resource',
      'The server must say conditionalUpdate and conditionalCreate in its CapabilityStatement, or it answers 412 or 400',
      'Map no health data into IDs: identifiers stand in addresses, which servers log',
      'Deletions are not read from _history: full reconciliation finds them',
    ],
  },
  objects: {},
  facts: [
    {
      about:
        'PUT Type?identifier=system|value: no match 201, one 200, several 412; some servers restrict it to identifier',
      mark: 'V',
      source: 'fh1',
    },
    { about: 'If-Match with the version that is no longer there: 412, on some servers 409', mark: 'S', source: 'fh2' },
    { about: 'a batch Bundle has independent entries, each answered by its own status', mark: 'V', source: 'fh1' },
    {
      about: '_lastUpdated is the time of the server; Bundle.link next; _sort where supported; _count may be lowered',
      mark: 'K',
      source: '',
    },
    { about: 'a page of a search that is no longer kept is 410 Gone or 404', mark: 'K', source: '' },
    { about: 'in a token backslash, bar, comma and dollar are escaped by a backslash', mark: 'K', source: '' },
    { about: 'a deleted resource is 410 when read; _history lists DELETE where it is kept', mark: 'K', source: '' },
    { about: 'no standard limit; 429 or 503 with Retry-After', mark: 'K', source: '' },
  ],
};
