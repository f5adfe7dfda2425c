import type { Preset } from './preset.ts';

/** The endpoint that takes the options of a list in its body: a formula soon fills an address. */
const list = (more: object): object => ({
  method: 'POST',
  path: '{object}/listRecords',
  body: { pageSize: '{pageSize}', offset: '{cursor}', ...more },
  quote: 'airtable',
});

const anyOf = (test: string): object => ({
  ...list({ filterByFormula: 'OR({each})' }),
  each: { text: test, join: ',' },
});

/**
 * Airtable: `baseUrl` ends with the ID of the base (`https://api.airtable.com/v0/app…`), `object` is a table, and
 * `updatedAtField` its field of type "Last modified time" (`fields.Modified`).
 */
export const airtable: Preset = {
  name: 'airtable',
  version: 1,
  title: 'Airtable',
  needs: ['object', 'updatedAtField'],
  system: { driver: 'rest' },
  entity: {
    path: '{object}',
    idField: 'id',
    recordsAt: 'records',
    fieldsAt: 'fields',
    sinceAs: 'iso-s',
    pageSize: 100,
    findBatchMax: 50,
    requests: {
      list: list({
        filterByFormula: 'NOT(IS_BEFORE({{updatedAtField}},"{since}"))',
        sort: [{ field: '{updatedAtField}', direction: 'asc' }],
      }),
      find: anyOf('{{field}}={value}'),
      readByIds: anyOf('RECORD_ID()={value}'),
      create: { method: 'POST', path: '{object}', body: { fields: '{fields}' } },
      update: { method: 'PATCH', path: '{object}/{id}', quote: 'plain', body: { fields: '{fields}' } },
      upsertMany: {
        method: 'PATCH',
        path: '{object}',
        body: {
          performUpsert: { fieldsToMergeOn: ['{externalIdField}'] },
          records: { forEach: { fields: '{fields}' } },
        },
      },
    },
    paging: { style: 'cursor', nextAt: 'offset', isFrozen: true },
    write: { mode: 'upsert' },
    batch: { max: 10, itemsAt: 'records', fieldsAt: 'fields', created: { idIn: 'createdRecords' } },
    errors: {
      codeAt: ['error.type', 'error'],
      throttled: [{ status: 429 }],
      missing: [{ code: 'ROW_DOES_NOT_EXIST' }, { code: 'MODEL_ID_NOT_FOUND' }],
      tokenExpired: [{ code: 'LIST_RECORDS_ITERATOR_NOT_AVAILABLE' }],
      retryAfterSeconds: 30,
    },
    tokenLifeSeconds: 120,
    rates: [
      { requests: 5, seconds: 1, scope: 'base' },
      { requests: 50, seconds: 1, scope: 'token owner' },
    ],
    quirks: [
      'Without a field of type "Last modified time" over all fields a table cannot be a source; formulas and roll-ups do not move it',
      'Fields whose names hold a space or a dot cannot be named: rename the key and the time field',
      'An unchecked checkbox is left out of answers like any empty field: map false to nothing ($x ? true : null)',
      'An offset lasts minutes: read.pagesMax must let one poll read past the rows of one update time and of the overlap',
      'Nothing keeps the external ID unique; an upsert that matches several records is refused, with a code not known to us',
    ],
  },
  objects: {},
  facts: [
    { about: 'performUpsert by 1 to 3 fields, 10 records, created and updated ones listed', mark: 'V', source: 'at1' },
    { about: 'several matches of one record fail the whole request', mark: 'V', source: 'at1' },
    { about: 'any other record that is refused fails the whole request too', mark: 'K', source: '' },
    { about: '5 requests a second for a base, 50 for a token owner; after 429 wait 30 s', mark: 'V', source: 'at3' },
    { about: 'an offset is refused after minutes with LIST_RECORDS_ITERATOR_NOT_AVAILABLE', mark: 'S', source: 'at2' },
    {
      about: 'places in a list are those of its first page, values those of now',
      mark: 'S',
      source: 'at5',
    },
    {
      about: 'listRecords takes the options of a list by POST',
      mark: 'V',
      source: 'at4',
    },
    { about: 'empty fields, false among them, are left out', mark: 'V', source: 'at2' },
    { about: 'IS_BEFORE and = compare whole values; ROW_DOES_NOT_EXIST for an ID', mark: 'K', source: '' },
    { about: 'an upsert compares the external ID exactly, with its case', mark: 'K', source: '' },
  ],
};
