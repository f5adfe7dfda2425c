import type { Preset } from './preset.ts';

const TABLE = 'api/now/table/{object}';
const ORDER = 'ORDERBYsys_updated_on^ORDERBYsys_id';

const query = (encoded: readonly string[]): object => ({
  method: 'GET',
  path: TABLE,
  query: {
    sysparm_query: { firstOf: encoded },
    sysparm_limit: '{pageSize}',
    sysparm_fields: '{select}',
    sysparm_display_value: 'false',
    sysparm_exclude_reference_link: 'true',
  },
  quote: 'servicenow',
});

/**
 * ServiceNow, by the Table API and, for writes, an import set with a transform map. `object` is the table that is read
 * and looked up in, `writeObject` the staging table of the import set.
 */
export const servicenow: Preset = {
  name: 'servicenow',
  version: 1,
  title: 'ServiceNow',
  needs: ['object'],
  system: { driver: 'rest' },
  entity: {
    path: TABLE,
    idField: 'sys_id',
    updatedAtField: 'sys_updated_on',
    timestamp: 'sql-s',
    recordsAt: 'result',
    pageSize: 1000,
    findBatchMax: 50,
    requests: {
      list: query([
        // ^OR joins only the two conditions beside it: at or after the time, and (after it, or with a greater ID).
        `sys_updated_on>={since}^sys_updated_on>{since}^ORsys_id>{afterId}^${ORDER}`,
        `sys_updated_on>={since}^${ORDER}`,
        ORDER,
      ]),
      find: query(['{field}={value}', '{field}IN{values}']),
      upsert: { method: 'POST', path: 'api/now/import/{writeObject}', body: '{fields}' },
    },
    paging: { style: 'keyset', tie: 'together', hasLink: true },
    write: { mode: 'upsert' },
    written: {
      recordAt: 'result.0',
      created: { at: 'result.0.status', is: 'inserted' },
    },
    errors: {
      codeAt: ['result.0.status', 'error.message'],
      refusedWhen: [{ at: 'result.0.status', is: 'error' }],
      throttled: [{ status: 429 }],
    },
    resolutionSeconds: 1,
    quirks: [
      'The user of the API must be in the time zone GMT: a query takes times in the zone of its user, answers give them in UTC',
      'The transform map must coalesce on the external ID, with "Coalesce case sensitive", and the columns of the staging table must be named as those of the table',
      'Nothing but a unique index keeps the external ID unique; which of several records an import changes is not said',
      'A condition on a column that does not exist is left out of a query without a word: a look-up sees it, a list does not',
      'Rows that the user may not see make pages short; an empty page with more behind it fails the read',
      'An external ID with ^ or that begins with "javascript:" can be written, and not looked up',
    ],
  },
  objects: {},
  facts: [
    { about: 'Table API: sysparm_query with ORDERBY, sysparm_limit of 10,000 if not given', mark: 'V', source: 'sn1' },
    { about: 'Link header with rel="next", X-Total-Count', mark: 'V', source: 'sn1' },
    {
      about: '^OR binds only to the conditions next to it',
      mark: 'V',
      source: 'sn4',
    },
    {
      about: 'a caret in a value cannot be escaped in an encoded query',
      mark: 'S',
      source: 'sn5',
    },
    {
      about: 'an import set row ends inserted, updated, ignored or error, whatever the status',
      mark: 'S',
      source: 'sn2',
    },
    { about: 'a row that changes nothing is ignored, with the sys_id of its record', mark: 'K', source: '' },
    { about: 'sys_id can be compared by > and sorts as it compares; it is 32 hex digits', mark: 'K', source: '' },
    { about: 'times of a query are in the zone of its user, times of an answer in UTC', mark: 'K', source: '' },
    { about: 'a limit counts rows that access control then hides', mark: 'K', source: '' },
    { about: 'rate limits count by the hour and lag by up to 30 s', mark: 'V', source: 'sn3' },
    { about: '429 with Retry-After', mark: 'K', source: '' },
    { about: 'deletions are in sys_audit_delete, where auditing is on', mark: 'K', source: '' },
  ],
};
