import type { RunningServer } from '../../../demo/processes/spawn-server.ts';
import { capCopies, capCustomers, capNumbered, capSecrets, capSource, startCap } from './cap.ts';
import { JOURNEY_MS_MAX, journeyOf, RECORDS } from './journeys.ts';
import {
  jsonServerContacts,
  jsonServerCopies,
  jsonServerRecords,
  jsonServerSource,
  startJsonServer,
} from './json-server.ts';
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
  'G1 G2 CAP, with reliable paging, to json-server: no record is lost and none is doubled',
  async () => {
    const url = await running(startCap(RECORDS, 'reliable'));
    const crm = await running(startJsonServer(0));
    const source = capSource(url);
    // Where the next link holds the last key, the loop is right, and the disturbance does no harm.
    expect(await lostByPlainLoop(source)).toBe(0);
    const route = { source: capCustomers(url), target: jsonServerContacts(crm), secrets: capSecrets, pageSize: 250 };
    const outcome = await journeyOf({ source, route, copies: () => jsonServerCopies(crm) });
    expect(outcome).toMatchObject({ records: RECORDS, lost: [], doubled: [], failures: [] });
  },
  JOURNEY_MS_MAX,
);

test(
  'G1 G2 CAP, with the row numbers that its next links hold by default: they lose records, and we none',
  async () => {
    const url = await running(startCap(RECORDS, 'offset'));
    const source = capSource(url);
    expect(await lostByPlainLoop(source)).toBeGreaterThan(0);
    const { place, copies } = createMemoryTarget();
    const route = { source: capCustomers(url), target: place, secrets: capSecrets, pageSize: 250 };
    expect(await journeyOf({ source, route, copies })).toMatchObject({
      records: RECORDS,
      lost: [],
      doubled: [],
      failures: [],
    });
  },
  JOURNEY_MS_MAX,
);

test(
  'G1 G2 json-server, by key, to CAP: no record is lost and none is doubled',
  async () => {
    const url = await running(startJsonServer(RECORDS));
    const erp = await running(startCap(0, 'offset'));
    const source = jsonServerSource(url);
    const route = {
      source: jsonServerRecords(url, { style: 'keyset' }),
      target: capNumbered(erp),
      secrets: capSecrets,
      pageSize: 250,
    };
    const outcome = await journeyOf({ source, route, copies: () => capCopies(erp) });
    expect(outcome).toMatchObject({ records: RECORDS, lost: [], doubled: [], failures: [] });
  },
  JOURNEY_MS_MAX,
);
