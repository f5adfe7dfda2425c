import type { RunningServer } from '../../../demo/processes/spawn-server.ts';
import { JOURNEY_MS_MAX, journeyOf, RECORDS } from './journeys.ts';
import { reconcileWhole } from './journey.ts';
import { jsonServerRecords, jsonServerSource, startJsonServer } from './json-server.ts';
import { createMemoryTarget } from './memory-target.ts';
import { lostByPlainLoop } from './plain-loop.ts';

let server: RunningServer;

beforeEach(async () => {
  server = await startJsonServer(RECORDS);
}, JOURNEY_MS_MAX);

afterEach(() => server.stop());

// Read by key, it is the source of the journeys to CAP and to FHIR.
test(
  'G1 G2 json-server, by row numbers: a plain loop loses records; here none is lost or doubled',
  async () => {
    const source = jsonServerSource(server.url);
    expect(await lostByPlainLoop(source)).toBeGreaterThan(0);
    const { place, copies } = createMemoryTarget();
    const paging = { style: 'offset', param: '_start' } as const;
    const route = { source: jsonServerRecords(server.url, paging), target: place, secrets: {}, pageSize: 250 };
    const outcome = await journeyOf({ source, route, copies });
    expect(outcome).toMatchObject({ records: RECORDS, lost: [], doubled: [], failures: [], scans: [] });
  },
  JOURNEY_MS_MAX,
);

test(
  'G6 json-server, read by its links, which count pages: they lose records, the scan says that it is unstable, and a reconciliation names them',
  async () => {
    const source = jsonServerSource(server.url);
    const { place, copies } = createMemoryTarget();
    const route = {
      source: jsonServerRecords(server.url, { style: 'link' }),
      target: place,
      secrets: {},
      pageSize: 250,
    };
    const found: string[] = [];
    const { lost, doubled, scans } = await journeyOf({
      source,
      route,
      copies,
      afterwards: async (store) => {
        const { verdict, differences } = await reconcileWhole(store, route);
        expect(verdict).toBe('mismatched');
        found.push(...differences.map(({ externalId }) => externalId));
      },
    });
    expect(lost.length).toBeGreaterThan(0);
    expect(doubled).toEqual([]);
    expect(scans).toEqual([expect.stringMatching(/^unstable: its pages are counted/)]);
    expect(new Set(found)).toEqual(new Set(lost));
  },
  JOURNEY_MS_MAX,
);
