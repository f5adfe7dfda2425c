/** Contract documents as a file would hold them, each with what a test changes. */

const restEntity = {
  path: 'people',
  idField: 'id',
  updatedAtField: 'updatedAt',
  sinceParam: 'since',
  params: { _sort: 'updatedAt,id' },
};

export const restSystem = (change: object = {}, entity: object = {}): object => ({
  tidemark: 'system/v1',
  name: 'people-api',
  environment: 'pilot',
  driver: 'rest',
  baseUrl: 'https://api.example.com/v2',
  auth: { kind: 'bearer', secret: 'PEOPLE_TOKEN' },
  entities: { people: { ...restEntity, ...entity } },
  ...change,
});

export const odataSystem = (change: object = {}): object => ({
  tidemark: 'system/v1',
  name: 'erp',
  environment: 'pilot',
  driver: 'odata',
  baseUrl: 'https://erp.example.com/odata/v4',
  entities: { customers: { set: 'Customers', idField: 'ID', updatedAtField: 'modifiedAt' } },
  ...change,
});

export const sync = (change: object = {}): object => ({
  tidemark: 'sync/v1',
  name: 'people-to-contacts',
  environment: 'pilot',
  owner: 'ops@example.com',
  ticket: 'OPS-1',
  source: { system: 'people-api', entity: 'people' },
  target: { system: 'erp', entity: 'customers', externalIdField: 'externalId' },
  fields: [{ target: 'name', source: 'name' }],
  ...change,
});

/** A sync with one field that is changed. */
export const syncWithField = (change: object): object =>
  sync({ fields: [{ target: 'name', source: 'name', ...change }] });

/** A sync whose one field is an expression. */
export const syncWithExpression = (expression: string): object => sync({ fields: [{ target: 'name', expression }] });
