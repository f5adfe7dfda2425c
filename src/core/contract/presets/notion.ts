import type { Preset } from './preset.ts';

const VERSION = { 'Notion-Version': '2025-09-03' };
const QUERY = 'v1/data_sources/{object}/query';

const query = (more: object): object => ({
  method: 'POST',
  path: QUERY,
  headers: VERSION,
  body: { page_size: '{pageSize}', start_cursor: '{cursor}', ...more },
});

/**
 * Notion: `object` is the ID of a data source, and `codec: { kind: notion, types: { ErpId: rich_text, … } }` gives the type
 * of each property that is written. The external ID is a property of type `rich_text`.
 */
export const notion: Preset = {
  name: 'notion',
  version: 1,
  title: 'Notion',
  needs: ['object', 'codec'],
  system: { driver: 'rest' },
  entity: {
    path: QUERY,
    idField: 'id',
    updatedAtField: 'last_edited_time',
    recordsAt: 'results',
    fieldsAt: 'properties',
    skipRows: [{ at: 'in_trash', is: true }],
    pageSize: 100,
    findBatchMax: 25,
    requests: {
      list: query({
        filter: {
          firstOf: [{ timestamp: 'last_edited_time', last_edited_time: { on_or_after: '{since}' } }],
        },
        sorts: [{ timestamp: 'last_edited_time', direction: 'ascending' }],
      }),
      find: query({ filter: { or: { forEach: { property: '{field}', rich_text: { equals: '{value}' } } } } }),
      readByIds: { method: 'GET', path: 'v1/pages/{value}', quote: 'plain', headers: VERSION, isOne: true },
      create: {
        method: 'POST',
        path: 'v1/pages',
        headers: VERSION,
        body: { parent: { type: 'data_source_id', data_source_id: '{object}' }, properties: '{fields}' },
      },
      update: {
        method: 'PATCH',
        path: 'v1/pages/{id}',
        quote: 'plain',
        headers: VERSION,
        body: { properties: '{fields}' },
      },
    },
    paging: { style: 'cursor', nextAt: 'next_cursor', end: { at: 'has_more', is: false } },
    windowCap: { rows: 10_000, signal: { at: 'request_status.type', is: 'incomplete' } },
    write: { mode: 'find-then-write' },
    errors: {
      codeAt: ['code'],
      throttled: [{ status: 429 }, { status: 409, code: 'conflict_error' }, { status: 529 }],
      retryAfterSeconds: 5,
    },
    resolutionSeconds: 60,
    rates: [{ requests: 3, seconds: 1, scope: 'connection, and workspace' }],
    quirks: [
      'Nothing keeps the external ID unique: only what writes through Tidemark is sure to make one page for each',
      'Properties whose names hold a space or a dot cannot be named: rename those that are mapped',
      'A query gives 10,000 pages at most: more of them edited within one minute cannot be read, which fails',
      'Pages in the trash are not there; one whose page is put there is created anew, unless its ID is still used',
      'A relation of more than 25 pages is cut in answers: do not map one',
    ],
  },
  objects: {},
  facts: [
    {
      about: 'a query ends at 10,000 pages with has_more false and request_status.type "incomplete"',
      mark: 'V',
      source: 'no1',
    },
    { about: 'no upsert: pages are found by a property, created and updated', mark: 'V', source: 'no1' },
    { about: 'pages in the trash are queried by in_trash only', mark: 'V', source: 'no1' },
    { about: '429 and 529 may be tried again', mark: 'V', source: 'no1' },
    { about: '409 conflict_error may be tried again, nothing was done', mark: 'S', source: 'no1' },
    { about: '3 requests a second on average', mark: 'S', source: 'no2' },
    { about: 'last_edited_time is cut to the minute', mark: 'K', source: '' },
    { about: 'a cursor goes on behind the last page given, whatever was edited since', mark: 'K', source: '' },
    {
      about: 'a filter takes 25 conditions joined by or; rich_text equals compares the whole text',
      mark: 'K',
      source: '',
    },
    { about: 'a query shows what was just written', mark: 'K', source: '' },
    { about: '2,000 characters in a part of a rich text; 25 pages of a relation', mark: 'K', source: '' },
  ],
};
