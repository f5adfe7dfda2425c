import { type SyncContract, syncContract } from '../../src/core/contract/sync-contract.ts';
import { type SystemContract, systemContract } from '../../src/core/contract/system-contract.ts';

export const SYNC = 'customers-to-parse';

export const erpContract = (erpUrl: string): SystemContract =>
  systemContract.parse({
    tidemark: 'system/v1',
    name: 'erp',
    environment: 'pilot',
    driver: 'odata',
    baseUrl: new URL('/odata/v4/erp', erpUrl).href,
    allowPrivateHosts: true,
    auth: { kind: 'bearer', secret: 'ERP_TOKEN' },
    entities: { customers: { set: 'Customers', idField: 'ID', idType: 'guid', updatedAtField: 'modifiedAt' } },
  });

/** As docs/contracts.md shows it. */
export const parseContract = (parseUrl: string): SystemContract =>
  systemContract.parse({
    tidemark: 'system/v1',
    name: 'parse',
    environment: 'pilot',
    driver: 'rest',
    baseUrl: parseUrl,
    allowPrivateHosts: true,
    auth: { kind: 'basic', usernameSecret: 'PARSE_APP_SECRET', passwordSecret: 'PARSE_MASTER_SECRET' },
    // A request that is slow on a busy machine is no lost one.
    limits: { timeoutMs: 20_000 },
    entities: {
      contacts: {
        path: 'classes/Contact',
        recordsAt: 'results',
        idField: 'objectId',
        updatedAtField: 'updatedAt',
        pageSizeParam: 'limit',
        findParam: 'where',
        findTemplate: '{"{field}":{"$in":[{values}]}}',
        write: { mode: 'find-then-write', updateMethod: 'PUT' },
      },
    },
  });

export const customersToParse: SyncContract = syncContract.parse({
  tidemark: 'sync/v1',
  name: SYNC,
  title: 'ERP customers to Parse',
  environment: 'pilot',
  owner: 'sales-operations@example.com',
  ticket: 'TEST-1',
  source: { system: 'erp', entity: 'customers' },
  target: { system: 'parse', entity: 'contacts', externalIdField: 'externalId' },
  fields: [
    { target: 'fullName', source: 'name', label: 'Full name', required: true },
    { target: 'email', source: 'email', label: 'E-mail', sensitive: true },
  ],
});
