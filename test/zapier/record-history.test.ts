import { makeCustomers } from './customers.ts';
import { openWorld, type World } from './world.ts';

const BUILD_TIMEOUT_MS = 240_000;

let world: World;
beforeEach(async () => {
  world = await openWorld(makeCustomers(2, Date.now() - 60_000));
}, BUILD_TIMEOUT_MS);
afterEach(() => world.close());

test('a key that only reads finds the target ID and the history of a record, and nothing for one that nobody saw', async () => {
  const zap = await world.zapier.createZap({
    name: 'customers to the CRM',
    trigger: { key: 'record_changed', inputData: { sync: 'customers', start: 'beginning' } },
    steps: [
      {
        kind: 'create',
        key: 'upsert_record',
        inputData: {
          sync: 'customers',
          delivery_id: '{{trigger.delivery_id}}',
          record_json: '{{trigger.record_json}}',
        },
      },
    ],
    connection: await world.connect('sync'),
  });
  await zap.turnOn();
  await zap.poll();
  await world.zapier.drain();
  const connection = await world.connect('reader');
  const find = (key: string, external_id: string) =>
    world.zapier.tryStep({ kind: 'search', key, inputData: { sync: 'customers', external_id }, connection });
  expect(await find('find_target_record', 'C-2')).toMatchObject({
    kind: 'success',
    results: [{ id: '2', target_id: '2', external_id: 'C-2', system: 'crm', entity: 'contact', drifted: false }],
  });
  expect(await find('find_target_record', 'C-9')).toMatchObject({ kind: 'success', results: [] });
  const found = await find('find_record_history', 'C-1');
  expect(found).toMatchObject({
    kind: 'success',
    results: [
      {
        id: 'C-1',
        state: 'applied',
        target_id: '1',
        reason: null,
        owner: null,
        is_cut: false,
        summary: expect.stringMatching(/^observed: version .* by stream main .*\nhanded out: /),
        events: expect.arrayContaining([
          expect.objectContaining({ event: 'write confirmed' }),
          expect.objectContaining({ event: 'evidence', detail: expect.stringMatching(/^write_outcome, entry \d+$/) }),
        ]),
      },
    ],
  });
  expect(JSON.stringify(found)).not.toContain('ada.lovelace');
  expect(await find('find_record_history', 'C-9')).toMatchObject({ kind: 'success', results: [] });
  expect(await find('find_record_history', '')).toMatchObject({
    kind: 'error',
    shown: expect.stringContaining('"External ID"'),
  });
});
