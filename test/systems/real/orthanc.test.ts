import { JOURNEY_MS_MAX, journeyOf, RECORDS } from './journeys.ts';
import { createMemoryTarget } from './memory-target.ts';
import { type Orthanc, orthancInstances, orthancSource, startOrthanc } from './orthanc.ts';
import { lostByPlainLoop } from './plain-loop.ts';

let orthanc: Orthanc;

beforeAll(async () => {
  orthanc = await startOrthanc(RECORDS);
}, JOURNEY_MS_MAX);

afterAll(() => orthanc.server.stop());

test(
  'G1 G2 Orthanc, by its feed that only names what changed: no record is lost and none is doubled',
  async () => {
    const source = orthancSource(orthanc);
    expect(await lostByPlainLoop(source)).toBe(0);
    const { place, copies } = createMemoryTarget();
    const route = { source: orthancInstances(orthanc), target: place, secrets: {}, pageSize: 250 };
    const outcome = await journeyOf({ source, route, copies });
    expect(outcome).toMatchObject({ records: RECORDS, lost: [], doubled: [], failures: [] });
    expect(outcome.counts).toMatchObject({ open: 0, held: 0, deadLettered: 0 });
  },
  JOURNEY_MS_MAX,
);
