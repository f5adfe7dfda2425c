import { contractOf } from './conformance-world.ts';
import { driverConformance } from './driver-conformance.ts';
import { overLimit, startSalesforce } from './vendors/salesforce/salesforce.ts';

driverConformance({
  name: 'preset salesforce',
  start: async (clock) => {
    const { server, table, refused } = await startSalesforce(() => clock.nowMs);
    const system = contractOf({
      tidemark: 'system/v1',
      name: 'crm',
      environment: 'pilot',
      preset: 'salesforce',
      baseUrl: server.url,
      allowPrivateHosts: true,
      auth: { kind: 'bearer', secret: 'SALESFORCE_TOKEN' },
      entities: {
        contact: {
          object: 'Contact',
          externalIdField: 'Erp_Id__c',
          select: ['LastName', 'Big__c'],
          pageSize: 50,
        },
      },
    });
    return {
      server,
      table,
      refused,
      system,
      entity: 'contact',
      keyField: 'Erp_Id__c',
      textField: 'LastName',
      textAt: 'LastName',
      throttled: overLimit,
      stepMs: 1000,
      overlapSeconds: 120,
      long: { field: 'Big__c', at: 'Big__c' },
      refusal: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
      isWrite: ({ method }) => method === 'PATCH',
    };
  },
  lacks: {
    cap: 'each page is a query of its own, and none has a cap below its LIMIT',
    'page tokens': 'read by key: no locator is kept between pages',
    'index lag': 'SOQL reads what was committed',
  },
});
