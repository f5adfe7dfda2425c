import { isJsonObject } from '../../src/core/json.ts';
import {
  type ConformanceClock,
  contractOf,
  driverOfVendor,
  readerOf,
  startMs,
  type Vendor,
  writeTo,
} from './conformance-world.ts';
import { driverConformance } from './driver-conformance.ts';
import { MODIFIED, overRate, startAirtable } from './vendors/airtable/airtable.ts';

const LIFE_MS = 150_000;

const start = async (clock: ConformanceClock): Promise<Vendor> => {
  const { server, table, refused } = await startAirtable({ now: () => clock.nowMs, iteratorLifeMs: LIFE_MS });
  const system = contractOf({
    tidemark: 'system/v1',
    name: 'base',
    environment: 'pilot',
    preset: 'airtable',
    baseUrl: `${server.url}/v0/app00000000000001`,
    allowPrivateHosts: true,
    auth: { kind: 'bearer', secret: 'AIRTABLE_TOKEN' },
    entities: {
      contact: { object: 'Contacts', updatedAtField: `fields.${MODIFIED}`, externalIdField: 'ErpId', pageSize: 25 },
    },
  });
  return {
    server,
    table,
    refused,
    system,
    entity: 'contact',
    keyField: 'ErpId',
    textField: 'Name',
    textAt: 'fields.Name',
    throttled: overRate,
    isWrite: ({ method }) => method === 'PATCH',
    stepMs: 1,
    overlapSeconds: 120,
    refusal: 'INVALID_VALUE_FOR_COLUMN',
  };
};

driverConformance({
  name: 'preset airtable',
  start,
  lacks: {
    cap: 'a list is cut nowhere: its offset goes on to the end',
    'long integers': 'numbers are doubles there: keep such integers in a text field',
    'index lag': 'a list reads what was written',
    'batches that fail in part': 'one record that is refused refuses all that came with it',
    'several matches': 'the request is refused and none is written, by a code that is not documented',
  },
});

describe('Airtable', () => {
  const clock: ConformanceClock = { nowMs: startMs };
  let vendor: Vendor;
  beforeEach(async () => {
    clock.nowMs = startMs;
    vendor = await start(clock);
  });
  afterEach(() => vendor.server.stop());
  const rowOf = (key: string, text: string) => ({ [vendor.keyField]: key, [vendor.textField]: text });

  test('G1 an offset that expired between two polls begins the list anew, at the mark', async () => {
    for (let n = 0; n < 450; n += 1) {
      vendor.table.put({ atMs: startMs - 3_600_000 + n * 6000, fields: rowOf(`K${n}`, 'v1') });
    }
    const reader = await readerOf(vendor, clock);
    const handed = [...(await reader.poll())];
    const isBegun = () =>
      vendor.server.asked.filter(({ body }) => isJsonObject(body) && body['offset'] === undefined).length;
    const before = isBegun();
    clock.nowMs += LIFE_MS;
    handed.push(...(await reader.quiet()));
    expect(isBegun()).toBeGreaterThan(before);
    expect(handed.map(({ id }) => id).toSorted()).toEqual(
      vendor.table
        .rows()
        .map(({ id }) => id)
        .toSorted(),
    );
  });

  test('G2 an upsert that several records match is refused with all that came with it, and the others go alone', async () => {
    for (const text of ['a', 'b']) vendor.table.put({ atMs: startMs, fields: rowOf('twin', text) });
    const written = await writeTo(
      vendor,
      clock,
      ['one', 'twin', 'two'].map((externalId) => ({ externalId, text: 'v1' })),
    );
    expect(written.map(({ outcome }) => outcome)).toMatchObject([
      { kind: 'confirmed', created: true },
      { kind: 'failed', errorClass: 'http_422' },
      { kind: 'confirmed', created: true },
    ]);
    expect(vendor.table.rows().map(({ fields }) => fields[vendor.textField])).toEqual(['a', 'b', 'v1', 'v1']);
    expect(vendor.server.asked).toHaveLength(4);
  });

  test('results in another order than asked are told by their external IDs', async () => {
    const old = vendor.table.put({ atMs: startMs, fields: rowOf('old', 'v1') });
    const many = driverOfVendor(vendor, clock, vendor.keyField).writeMany;
    const replies = await many?.write(
      ['new', 'old'].map((externalId) => ({ kind: 'upsert' as const, externalId, fields: rowOf(externalId, 'v2') })),
    );
    const made = vendor.table.byField(vendor.keyField, 'new')[0]?.id;
    expect(replies).toEqual([
      { kind: 'written', targetId: made, created: true },
      { kind: 'written', targetId: old.id, created: false },
    ]);
  });

  test('a field that is empty there is left out, and reads as nothing', async () => {
    const { id } = vendor.table.put({ atMs: startMs, fields: { ...rowOf('k', ''), Active: false } });
    const reply = await driverOfVendor(vendor, clock, vendor.keyField).find(vendor.keyField, ['k']);
    const fields = { [vendor.keyField]: 'k', [MODIFIED]: new Date(startMs).toISOString() };
    expect(reply).toEqual({ kind: 'found', byValue: new Map([['k', [{ id, body: fields }]]]) });
  });
});
