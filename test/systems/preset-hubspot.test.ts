import { contractOf } from './conformance-world.ts';
import { driverConformance } from './driver-conformance.ts';
import { overRate, startHubSpot } from './vendors/hubspot/hubspot.ts';

driverConformance({
  name: 'preset hubspot',
  start: async (clock) => {
    const { server, table, refused } = await startHubSpot({ now: () => clock.nowMs, capRows: 400, lagMs: 20_000 });
    const system = contractOf({
      tidemark: 'system/v1',
      name: 'crm',
      environment: 'pilot',
      preset: 'hubspot',
      baseUrl: server.url,
      allowPrivateHosts: true,
      auth: { kind: 'bearer', secret: 'HUBSPOT_TOKEN' },
      entities: {
        contact: { object: 'contacts', externalIdField: 'erp_id', select: ['lastname', 'big'], pageSize: 50 },
      },
    });
    return {
      server,
      table,
      refused,
      system,
      entity: 'contact',
      keyField: 'erp_id',
      textField: 'lastname',
      textAt: 'properties.lastname',
      throttled: overRate,
      stepMs: 1,
      overlapSeconds: 120,
      long: { field: 'big', at: 'properties.big' },
      refusal: 'VALIDATION_ERROR',
      isWrite: ({ path }) => path.endsWith('batch/upsert'),
    };
  },
  lacks: {
    'page tokens': 'read by key: each page is a search of its own, without after',
    'several matches': 'the key is a property with unique values, and a second record with one is refused',
  },
});
