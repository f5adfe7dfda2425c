import type { RunningServer } from '../../../demo/processes/spawn-server.ts';
import { couchdbPeople, couchdbSource, startCouchdb } from './couchdb.ts';
import { JOURNEY_MS_MAX, journeyOf, RECORDS } from './journeys.ts';
import { reconcileWhole } from './journey.ts';
import { createMemoryTarget } from './memory-target.ts';
import { lostByPlainLoop } from './plain-loop.ts';

let server: RunningServer;

beforeAll(async () => {
  server = await startCouchdb(RECORDS);
}, JOURNEY_MS_MAX);

afterAll(() => server.stop());

test(
  'G1 G2 G6 CouchDB, by its changes feed: none lost or doubled, deletions open nothing, and all of it can be reconciled',
  async () => {
    const source = couchdbSource(server.url);
    // A feed by sequence is what a plain loop is safe on: deletions are rows of it and move no other.
    expect(await lostByPlainLoop(source)).toBe(0);
    const { place, copies, lose } = createMemoryTarget();
    const route = { source: couchdbPeople(server.url), target: place, secrets: {}, pageSize: 250 };
    const outcome = await journeyOf({
      source,
      route,
      copies,
      afterwards: async (store) => {
        expect(await reconcileWhole(store, route)).toMatchObject({ verdict: 'matched', counts: { source: RECORDS } });
        lose('p4321');
        const { verdict, counts, differences } = await reconcileWhole(store, route);
        expect({ verdict, counts }).toMatchObject({ verdict: 'mismatched', counts: { missing: 1 } });
        expect(differences.map(({ externalId }) => externalId)).toEqual(['p4321']);
      },
    });
    expect(outcome).toMatchObject({ records: RECORDS, lost: [], doubled: [], failures: [] });
    expect(outcome.counts).toMatchObject({ open: 0, held: 0, deadLettered: 0 });
  },
  JOURNEY_MS_MAX,
);
