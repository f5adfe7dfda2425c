import { systemContract } from '../../../src/core/contract/system-contract.ts';
import type { RunningServer } from '../../../demo/processes/spawn-server.ts';
import { driverOf } from '../contracts.ts';
import {
  FHIR_PAGE,
  fhirCopies,
  fhirPatients,
  fhirPatientsById,
  fhirPatientsByIdentifier,
  fhirSource,
  startFhir,
} from './fhir.ts';
import { JOURNEY_MS_MAX, journeyOf, RECORDS } from './journeys.ts';
import { jsonServerRecords, jsonServerSource, startJsonServer } from './json-server.ts';
import { createMemoryTarget } from './memory-target.ts';
import { lostByPlainLoop } from './plain-loop.ts';

const servers: RunningServer[] = [];
const running = async (server: Promise<RunningServer>): Promise<string> => {
  const one = await server;
  servers.push(one);
  return one.url;
};

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

test(
  'G1 G2 FHIR, by the time of change: a plain loop loses records; here none is lost or doubled',
  async () => {
    const url = await running(startFhir(RECORDS));
    const source = fhirSource(url);
    expect(await lostByPlainLoop(source)).toBeGreaterThan(0);
    const { place, copies } = createMemoryTarget();
    const route = { source: fhirPatients(url), target: place, secrets: {}, pageSize: FHIR_PAGE };
    const outcome = await journeyOf({ source, route, copies });
    expect(outcome).toMatchObject({ records: RECORDS, lost: [], doubled: [], failures: [] });
  },
  JOURNEY_MS_MAX,
);

test(
  'G1 G2 json-server to FHIR, where an update creates what is not there: no record is lost and none is doubled',
  async () => {
    const url = await running(startJsonServer(RECORDS));
    const fhir = await running(startFhir(0));
    const source = jsonServerSource(url);
    const route = {
      source: jsonServerRecords(url, { style: 'keyset' }),
      target: fhirPatientsById(fhir),
      secrets: {},
      pageSize: FHIR_PAGE,
    };
    const outcome = await journeyOf({ source, route, copies: () => fhirCopies(fhir) });
    expect(outcome).toMatchObject({ records: RECORDS, lost: [], doubled: [], failures: [] });
  },
  JOURNEY_MS_MAX,
);

test(
  'G2 FHIR, by a conditional update on an identifier: the second write of a record updates the first',
  async () => {
    const url = await running(startFhir(0));
    const driver = driverOf(systemContract.parse(fhirPatientsByIdentifier(url)), {
      externalIdField: 'identifier.0.value',
    });
    const upsert = (externalId: string, name: string) =>
      driver.write({
        kind: 'upsert',
        externalId,
        fields: { name: [{ text: name }], identifier: { 0: { value: externalId } } },
      });
    const first = await upsert('C-7', 'Ann');
    expect(first).toMatchObject({ kind: 'written', created: true });
    await upsert('C-8', 'Bob');
    const second = await upsert('C-7', 'Ann Lee');
    expect(second).toMatchObject({ kind: 'written', created: false });
    const found = await driver.find('identifier.0.value', ['C-7', 'C-8', 'C-9']);
    if (found.kind === 'failed') throw new Error(found.failure.reason);
    const counts = Object.fromEntries([...found.byValue].map(([id, records]) => [id, records.length]));
    expect(counts).toEqual({ 'C-7': 1, 'C-8': 1 });
    expect(found.byValue.get('C-7')?.[0]?.body['name']).toEqual([{ text: 'Ann Lee' }]);
    const none = await driver.find('identifier.0.value', ['C-9']);
    expect(none.kind === 'found' && none.byValue.size).toBe(0);
  },
  JOURNEY_MS_MAX,
);
