import { contractOf, driverOfVendor, startMs, type Vendor } from './conformance-world.ts';
import { driverConformance } from './driver-conformance.ts';
import { startFhir, SYSTEM, throttled } from './vendors/fhir/fhir.ts';

const start = async (clock: { nowMs: number }): Promise<Vendor> => {
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
};

driverConformance({
  name: 'preset fhir',
  start,
  lacks: {
    cap: 'R4 has no cap of a search; a server may lower _count, which this one does',
    'long integers': 'integers of R4 have 31 bits; a decimal keeps its digits as any number does',
    'index lag': 'R4 lets no search lag behind a write by a known time; a server that does is told by indexLagSeconds',
  },
});

const withVendor = async (run: (vendor: Vendor, clock: { nowMs: number }) => Promise<void>): Promise<void> => {
  const clock = { nowMs: startMs };
  const vendor = await start(clock);
  try {
    await run(vendor, clock);
  } finally {
    await vendor.server.stop();
  }
};

test('G3 an update of another version than the one named is a conflict, and several matches are none', () =>
  withVendor(async (vendor, clock) => {
    const driver = driverOfVendor(vendor, clock, 'identifier');
    const { id } = vendor.table.put({ atMs: startMs, fields: { identifier: 'a', language: 'v1' } });
    const found = await driver.find('identifier', ['a']);
    const version = found.kind === 'found' ? (found.byValue.get('a')?.[0]?.version ?? '') : '';
    const update = { kind: 'update' as const, targetId: id, fields: { identifier: 'a', language: 'v2' }, version };
    expect(await driver.write(update)).toMatchObject({ kind: 'written' });
    expect(await driver.write(update)).toMatchObject({ failure: { kind: 'rejected', because: 'conflict' } });
    vendor.table.put({ atMs: startMs, fields: { identifier: 'a' } });
    const upsert = { kind: 'upsert' as const, externalId: 'a', fields: { identifier: 'a' } };
    expect(await driver.write(upsert)).toMatchObject({ failure: { because: 'several_matches' } });
    expect(await driver.writeMany?.write([upsert])).toMatchObject([{ failure: { because: 'several_matches' } }]);
  }));

test('G2 no key leaves its place in the address of a batch', () =>
  withVendor(async (vendor, clock) => {
    const driver = driverOfVendor(vendor, clock, 'identifier');
    const keys = ['a|b', 'a,b', 'a&identifier=x', 'a%7Cb', 'a\\|b', 'a#b', 'a+b', '$1', "o'b\n"];
    const all = keys.map((key) => ({ kind: 'upsert' as const, externalId: key, fields: { identifier: key } }));
    await driver.writeMany?.write(all);
    const again = await driver.writeMany?.write(all);
    expect(again).toMatchObject(keys.map(() => ({ kind: 'written', created: false })));
    expect(vendor.table.rows().map(({ fields }) => fields['identifier'])).toEqual(keys);
  }));

test('an entry of a batch that failed inside is unknown, and one that was throttled is not', () =>
  withVendor(async (vendor, clock) => {
    const entry = ['500 Server Error', '429'].map((status) => ({ response: { status } }));
    const body = { resourceType: 'Bundle', type: 'batch-response', entry };
    vendor.server.faults.push({ kind: 'answer', answer: { body } });
    const all = ['a', 'b'].map((key) => ({ kind: 'upsert' as const, externalId: key, fields: { identifier: key } }));
    expect(await driverOfVendor(vendor, clock, 'identifier').writeMany?.write(all)).toMatchObject([
      { failure: { kind: 'unknown', answered: true } },
      { failure: { kind: 'throttled' } },
    ]);
  }));
