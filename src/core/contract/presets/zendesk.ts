import type { Preset } from './preset.ts';

const PATH = 'api/v2/{object}';

/** Tickets have no upsert: they are read, and written by other means. */
const tickets = { recordsAt: 'tickets', updatedAtField: 'generated_timestamp', timestamp: 'epoch-s' };

/** Zendesk Support, by the incremental exports with cursor. `object: users`, or `tickets` to read only. */
export const zendesk: Preset = {
  name: 'zendesk',
  version: 1,
  title: 'Zendesk',
  needs: ['object'],
  system: { driver: 'rest' },
  entity: {
    path: PATH,
    idField: 'id',
    updatedAtField: 'updated_at',
    recordsAt: 'users',
    externalIdField: 'external_id',
    sinceAs: 'epoch-s',
    pageSize: 1000,
    requests: {
      list: {
        method: 'GET',
        path: 'api/v2/incremental/{object}/cursor',
        query: { start_time: { firstOf: ['{since}', '1'] }, per_page: '{pageSize}' },
      },
      find: { method: 'GET', path: PATH, query: { external_id: '{value}' } },
      readByIds: { method: 'GET', path: `${PATH}/show_many`, query: { ids: '{values}' }, quote: 'comma' },
      update: { method: 'PUT', path: `${PATH}/{id}`, quote: 'plain', body: { user: '{fields}' } },
      // Without skip_verify_email a new user is sent an e-mail.
      upsert: {
        method: 'POST',
        path: `${PATH}/create_or_update`,
        body: { user: { merge: [{ skip_verify_email: true }, '{fields}'] } },
      },
    },
    write: { mode: 'upsert' },
    written: { recordAt: 'user', created: { status: 201 } },
    foldsCase: true,
    paging: { style: 'link', nextAt: 'after_url', end: { at: 'end_of_stream', is: true } },
    errors: {
      codeAt: ['error', 'error.title'],
      throttled: [{ status: 429 }],
      missing: [{ code: 'RecordNotFound' }],
      retryAfterSeconds: 60,
    },
    exclusionLagSeconds: 60,
    resolutionSeconds: 1,
    rates: [
      { requests: 200, seconds: 60, scope: 'account' },
      { requests: 10, seconds: 60, scope: 'account, incremental exports' },
    ],
    quirks: [
      'An export takes 10 requests a minute: give a sync read.pagesMax of 8 at most, and do not poll by more than one Zap',
      'External IDs are compared without regard to case, and an upsert writes them anew: each is looked up first, which costs a request',
      'Tickets change generated_timestamp also where only Zendesk itself did something: such versions look unchanged',
      'Look-ups take one key a request; a user just written is found at once, by search it would not be',
      'Upserts of many are jobs there, which end later: this preset writes one at a time',
    ],
  },
  objects: { tickets },
  facts: [
    { about: 'create_or_update: 200 updated, 201 created', mark: 'V', source: 'zd1' },
    { about: 'external_id is matched without regard to case, and its case rewritten', mark: 'V', source: 'zd1' },
    {
      about: 'incremental exports leave out the last minute, end by end_of_stream, take 10 requests a minute',
      mark: 'V',
      source: 'zd2',
    },
    { about: 'after_url leads to the next page of an export', mark: 'V', source: 'zd2' },
    { about: 'items come twice (said of exports by time)', mark: 'V', source: 'zd2' },
    { about: 'times have a resolution of 1 s; offset lists end at 10,000 rows', mark: 'S', source: 'zd4' },
    { about: '200 to 2,500 requests a minute, by plan', mark: 'S', source: 'zd5' },
    { about: 'jobs of create_or_update_many take 100 users, expire within the hour', mark: 'S', source: 'zd3' },
    {
      about: 'results of such a job are in the order asked: Created, Updated or Failed',
      mark: 'S',
      source: 'zd6',
    },
    { about: 'up to 1,000 a page; start_time 1 begins at the beginning', mark: 'K', source: '' },
    { about: 'users are listed by external_id, exactly one of them', mark: 'K', source: '' },
    { about: 'skip_verify_email keeps a new user from being sent an e-mail', mark: 'K', source: '' },
    { about: 'generated_timestamp orders the export of tickets', mark: 'V', source: 'zd2' },
  ],
};
