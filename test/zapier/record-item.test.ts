import { instantFromMs } from '../../src/core/instant.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { PAYLOAD_BYTES_MAX } from '../../src/core/protocol/cycle-routes.ts';
import { syncContract } from '../../src/core/contract/sync-contract.ts';
import { sampleItem } from '../../src/zapier/item-fields.ts';
import {
  ITEMS_BYTES_MAX,
  newestFirst,
  type RecordItem,
  recordItem,
  requireOwnIds,
  thatFit,
} from '../../src/zapier/record-item.ts';
import { taxedContract } from './contracts.ts';

const contract = syncContract.parse(taxedContract);

const makeItem = (id: string, minute: number, fields: JsonObject = {}): RecordItem =>
  recordItem(contract, {
    deliveryId: id,
    stream: 'main',
    traceId: 'trace',
    externalId: `C-${id}`,
    updatedAt: instantFromMs(minute * 60_000),
    digest: 'd',
    attempt: 1,
    openedAt: instantFromMs(0),
    deadlineAt: instantFromMs(0),
    route: 'target',
    fields,
  });

const bytesOf = (items: readonly RecordItem[]): number => Buffer.byteLength(JSON.stringify(items));

test('G7 a sensitive value is in neither form of the record', () => {
  const item = makeItem('a', 1, { email: 'ada@example.com', tax_id: '987-65-4321' });
  expect(JSON.stringify(item)).not.toContain('987-65-4321');
  expect(JSON.parse(item.record_json)).toEqual(item.record);
});

test('an item has exactly the keys of the sample that the editor shows', () => {
  expect(Object.keys(makeItem('a', 1))).toEqual(Object.keys(sampleItem));
});

test('items are newest first, whatever order they were handed out in', () => {
  const items = [makeItem('b', 2), makeItem('c', 3), makeItem('a', 1)];
  expect(newestFirst(items).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
});

test('what does not fit is left out from the end, and what is left fits', () => {
  // Quotes are escaped twice over in record_json: the widest a payload can get.
  const items = Array.from({ length: 12 }, (_none, index) =>
    makeItem(String(index), index, { full_name: '"'.repeat(100_000) }),
  );
  const fitting = thatFit(items, ITEMS_BYTES_MAX);
  expect(bytesOf(items)).toBeGreaterThan(ITEMS_BYTES_MAX);
  expect(bytesOf(fitting)).toBeLessThanOrEqual(ITEMS_BYTES_MAX + 2);
  expect(fitting.length).toBeGreaterThan(5);
  expect(fitting).toEqual(items.slice(0, fitting.length));
});

test('the largest record that the store takes fits alone, however it is escaped', () => {
  const worst = '"'.repeat(PAYLOAD_BYTES_MAX / 2 - 100);
  expect(thatFit([makeItem('a', 1, { full_name: worst })], ITEMS_BYTES_MAX)).toHaveLength(1);
});

test('two items with one ID, and an item without one, are refused: Zapier would drop them without a word', () => {
  expect(() => requireOwnIds([makeItem('a', 1), makeItem('b', 2)])).not.toThrow();
  expect(() => requireOwnIds([makeItem('a', 1), makeItem('a', 2)])).toThrow('same ID');
  expect(() => requireOwnIds([makeItem('', 1)])).toThrow('has none');
});
