import type { RunningServer } from '../../../demo/processes/spawn-server.ts';
import { JOURNEY_MS_MAX, journeyOf } from './journeys.ts';
import { jsonServerRecords, jsonServerSource, startJsonServer } from './json-server.ts';
import { createMemoryTarget } from './memory-target.ts';
import {
  createOverTwoSeconds,
  startStripe,
  stripeByEmail,
  stripeCopies,
  stripeCustomers,
  stripeSecrets,
  stripeSource,
} from './stripe.ts';

/** The mock sorts all customers for each look-up by one key: 5,000 would take minutes and show the same. */
const FEW = 500;

let stripe: RunningServer;

beforeEach(async () => {
  stripe = await startStripe();
}, JOURNEY_MS_MAX);

afterEach(() => stripe.stop());

test(
  'G1 Stripe as a source: a list that gives the newest first, and no time of change, is refused',
  async () => {
    await createOverTwoSeconds(stripe.url);
    const source = stripeSource(stripe.url);
    const { place, copies } = createMemoryTarget();
    const route = { source: stripeCustomers(stripe.url), target: place, secrets: stripeSecrets, pageSize: 100 };
    const { failures, counts } = await journeyOf({ source, route, copies });
    expect(failures).toEqual([expect.stringMatching(/does not sort by update time as asked/)]);
    expect(counts.open + counts.applied).toBe(0);
  },
  JOURNEY_MS_MAX,
);

test(
  'G1 G2 json-server to Stripe, which takes forms: no record is lost and none is doubled',
  async () => {
    const crm = await startJsonServer(FEW);
    try {
      const route = {
        source: jsonServerRecords(crm.url, { style: 'keyset' }),
        target: stripeByEmail(stripe.url),
        secrets: stripeSecrets,
        pageSize: 50,
      };
      const source = jsonServerSource(crm.url);
      const outcome = await journeyOf({ source, route, copies: () => stripeCopies(stripe.url) });
      expect(outcome).toMatchObject({ records: FEW, lost: [], doubled: [], failures: [] });
    } finally {
      await crm.stop();
    }
  },
  JOURNEY_MS_MAX,
);
