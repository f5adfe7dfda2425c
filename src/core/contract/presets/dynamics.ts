import type { Preset } from './preset.ts';

/**
 * Dynamics 365 and other tables of Dataverse, by OData. `set: accounts`, `idField: accountid`, `select`, and an active
 * alternate key as external ID. `baseUrl` ends with `/api/data/v9.2`.
 */
export const dynamics: Preset = {
  name: 'dynamics',
  version: 1,
  title: 'Dynamics 365 (Dataverse)',
  needs: ['set', 'idField', 'select'],
  system: { driver: 'odata' },
  entity: {
    updatedAtField: 'modifiedon',
    idType: 'guid',
    pageSize: 1000,
    findBatchMax: 25,
    write: { mode: 'alternate-key', unfit: '/#<>*%&:\\?+' },
    errors: {
      codeAt: ['error.code'],
      throttled: [{ status: 429 }, { code: '0x80072322' }, { code: '0x80072321' }, { code: '0x80072326' }],
      several: [{ status: 300 }],
    },
    rates: [
      { requests: 6000, seconds: 300, scope: 'user and web server' },
      { requests: 1200, seconds: 300, scope: 'user and web server, seconds of execution' },
    ],
    quirks: [
      'The alternate key must be defined and active before the first write',
      'A key with one of / # < > * % & : \\ ? + cannot be addressed: it is not sent. find-then-write takes it',
      'Changes are read by modifiedon, not by the delta feed, which forgets after 7 days; full reconciliation finds deletions',
      'Each throttled request makes the next Retry-After longer',
    ],
  },
  objects: {},
  facts: [
    {
      about: 'PATCH by alternate key: 204 for both; with return=representation 201 created, 200 updated',
      mark: 'V',
      source: 'dv1',
    },
    {
      about: 'If-Match: * never creates; key values in a body win over the address on create',
      mark: 'V',
      source: 'dv1',
    },
    { about: 'keys with / # < > * % & : \\ ? + cannot be addressed', mark: 'S', source: 'dv4' },
    { about: 'delta tokens are good for 7 days; no $filter or $orderby with them', mark: 'V', source: 'dv2' },
    {
      about:
        '6,000 requests and 1,200 s of execution in 5 minutes, 52 at once, by user and web server; 429 with Retry-After',
      mark: 'V',
      source: 'dv3',
    },
    { about: 'code 0x80072326 is too many at once', mark: 'K', source: '' },
    {
      about: 'a filter compares GUIDs by gt, in the order of $orderby; modifiedon has whole seconds',
      mark: 'K',
      source: '',
    },
    { about: 'text is compared without regard to case', mark: 'K', source: '' },
  ],
};
