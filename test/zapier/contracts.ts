/** The contracts of the tests: customers of the ERP to contacts of the CRM, with a sensitive and a JSON field. */
export const erpContract = (baseUrl: string) => ({
  tidemark: 'system/v1',
  name: 'erp',
  environment: 'pilot',
  driver: 'rest',
  baseUrl,
  allowPrivateHosts: true,
  auth: { kind: 'bearer', secret: 'ERP_TOKEN' },
  entities: {
    customer: {
      path: 'customers',
      idField: 'id',
      updatedAtField: 'changed_at',
      sinceParam: 'changed_since',
      pageSizeParam: 'limit',
      findMany: 'repeat',
    },
  },
});

export const crmContract = (baseUrl: string) => ({
  tidemark: 'system/v1',
  name: 'crm',
  environment: 'pilot',
  driver: 'rest',
  baseUrl,
  allowPrivateHosts: true,
  auth: { kind: 'bearer', secret: 'CRM_TOKEN' },
  entities: { contact: { path: 'contacts', idField: 'id', updatedAtField: 'modified_at', findMany: 'repeat' } },
});

const fields = [
  { target: 'email', source: 'mail', required: true, pattern: '[^@]+@[^@]+', label: 'E-mail' },
  { target: 'full_name', source: 'name' },
  { target: 'credit', source: 'credit', type: 'integer' },
  { target: 'tags', source: 'tags', type: 'json' },
  { target: 'tier', source: 'tier', enum: ['gold', 'silver'] },
];

export const customersContract = {
  tidemark: 'sync/v1',
  name: 'customers',
  title: 'Customers',
  environment: 'pilot',
  owner: 'Ada',
  ticket: 'CHG-1',
  source: { system: 'erp', entity: 'customer' },
  target: { system: 'crm', entity: 'contact', externalIdField: 'erp_id' },
  fields,
  reconcile: { settleSeconds: 0 },
};

/** The same with a field that may not be shown. */
export const taxedContract = {
  ...customersContract,
  name: 'taxed-customers',
  title: 'Taxed customers',
  fields: [...fields, { target: 'tax_id', source: 'tax_id', sensitive: true, label: 'Tax ID' }],
};
