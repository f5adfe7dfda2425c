import { contractOf } from './conformance-world.ts';
import { driverConformance } from './driver-conformance.ts';
import { startFhir, SYSTEM, throttled } from './vendors/fhir/fhir.ts';

driverConformance({
  name: 'preset fhir',
  start: async (clock) => {
    const { server, table, refused } = await startFhir(() => clock.nowMs);
    const system = contractOf({
      tidemark: 'system/v1',
      name: 'ehr',
      environment: 'pilot',
      preset: 'fhir',
      baseUrl: server.url,
      allowPrivateHosts: true,
      auth: { kind: 'bearer', secret: 'FHIR_TOKEN' },
      entities: {
        patient: { object: 'Patient', keySystem: SYSTEM, pageSize: 50 },
        claim: { object: 'Claim', keySystem: SYSTEM },
        benefit: { object: 'ExplanationOfBenefit', keySystem: SYSTEM },
      },
    });
    return {
      server,
      table,
      refused,
      system,
      entity: 'patient',
      keyField: 'identifier',
      textField: 'language',
      textAt: 'language',
      throttled,
      stepMs: 1,
      overlapSeconds: 120,
      isWrite: ({ method }) => method === 'PUT',
      isPaged: ({ query }) => query.has('_getpages'),
      refusal: 'business-rule',
    };
  },
  lacks: {
    cap: 'R4 has no cap of a search; a server may lower _count, which this one does',
    'long integers': 'integers of R4 have 31 bits; a decimal keeps its digits as any number does',
    'index lag': 'R4 lets no search lag behind a write by a known time; a server that does is told by indexLagSeconds',
  },
});
