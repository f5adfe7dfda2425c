import * as fc from 'fast-check';
import { parseJson } from '../../../src/core/json.ts';
import type { StorePort } from '../../../src/core/protocol/store-port.ts';
import { startMs } from '../../world/on-engines.ts';
import { databases, type StoreImplementation, theModel } from '../../world/on-stores.ts';
import type { TestClock } from '../../world/store-engines.ts';
import { createActor } from './actor.ts';
import { createNormalizer } from './normalize.ts';
import { type Step, steps } from './operations.ts';

const SCRIPTS = 25;
const TIMEOUT_MS = 240_000;

const clock: TestClock = { nowMs: startMs };

const createTeller = async (port: StorePort) => {
  const actor = await createActor(port, clock);
  const normalize = createNormalizer();
  const tell = (value: unknown) => normalize(parseJson(JSON.stringify(value)));
  return {
    take: async (step: Step) => tell(await actor.take(step)),
    look: async () => tell(await actor.look()),
  };
};

describe.each(databases)('random scripts on $name', ({ start }) => {
  const stores: Awaited<ReturnType<StoreImplementation['start']>>[] = [];
  beforeAll(async () => {
    stores.push(await theModel.start(clock), await start(clock));
  }, TIMEOUT_MS);
  afterAll(async () => {
    for (const store of stores) await store.stop();
  });

  test(
    'every step is answered as the model answers it, and everything to be seen afterwards is the same',
    async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (script) => {
          clock.nowMs = startMs;
          const [model, store] = await Promise.all(stores.map(async ({ fresh }) => createTeller(await fresh())));
          if (model === undefined || store === undefined) throw new Error('Expected two stores');
          for (const step of script) {
            if (step.kind === 'wait') clock.nowMs += step.ms;
            expect({ step, answer: await store.take(step) }).toEqual({ step, answer: await model.take(step) });
          }
          expect(await store.look()).toEqual(await model.look());
        }),
        { numRuns: Number(process.env['CONFORMANCE_SCRIPTS'] ?? SCRIPTS) },
      );
    },
    TIMEOUT_MS * 10,
  );
});
