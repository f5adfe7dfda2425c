import type { WriteRequest } from '../../src/core/system/entity-driver.ts';
import {
  type Capability,
  type ConformanceClock,
  driverOfVendor,
  type Handed,
  readerOf,
  startMs,
  type Vendor,
  writeTo,
} from './conformance-world.ts';
import { textOf } from './vendors/json-parts.ts';
import type { Fault } from './vendors/vendor-server.ts';

export type ConformanceSetup = {
  readonly name: string;
  readonly start: (clock: ConformanceClock) => Promise<Vendor>;
  /** What the API cannot do, each with the reason that makes the test for it pointless. */
  readonly lacks: Readonly<Partial<Record<Capability, string>>>;
};

const MINUTE_MS = 60_000;
/** More rows than a page of any vendor under test. */
const ROWS = 260;

const html: Fault = {
  kind: 'answer',
  answer: {
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: { text: '<html><body>Maintenance</body></html>' },
  },
};

const hostileKeys = [
  'plain-1',
  "O'Brien",
  'say "hi"',
  String.raw`back\slash`,
  String.raw`end\'`,
  'Ünïcödé-éß',
  '😀-🧾',
  '日本語',
  'a,b',
  '50%25',
  '{externalId}',
  '{value}',
  "' OR Id != '",
  'tab\tline\nend',
  'q?x=1&y=2#z',
  'a/b',
];

const versionsOf = (handed: readonly Handed[]): readonly string[] =>
  handed.map(({ id, text }) => `${id}@${String(text)}`);

/** One suite for every driver and every preset: what is promised of a system, told by a server that does not know the driver. */
export const driverConformance = ({ name, start, lacks }: ConformanceSetup): void => {
  describe(`${name} conforms`, () => {
    const clock: ConformanceClock = { nowMs: startMs };
    let vendor: Vendor;

    beforeEach(async () => {
      clock.nowMs = startMs;
      vendor = await start(clock);
    });
    afterEach(() => vendor.server.stop());

    const can = (capability: Capability, title: string, run: () => Promise<void>): void => {
      const reason = lacks[capability];
      if (reason === undefined) test(title, run);
      else test(`lacks ${capability}: ${reason}`, () => expect(reason.length).toBeGreaterThan(10));
    };

    const fill = (count: number, atMs: (n: number) => number): void => {
      for (let n = 0; n < count; n += 1) {
        vendor.table.put({ atMs: atMs(n), fields: { [vendor.keyField]: `K${n}`, [vendor.textField]: 'v1' } });
      }
    };
    const wanted = (): readonly string[] =>
      vendor.table.rows().map(({ id, fields }) => `${id}@${textOf(fields[vendor.textField])}`);
    const driver = () => driverOfVendor(vendor, clock, vendor.keyField);
    const source = () => driverOfVendor({ ...vendor, entity: vendor.sourceEntity ?? vendor.entity }, clock);
    const untilFound = (): void => {
      clock.nowMs += vendor.findLagMs ?? 0;
    };
    const keysHeld = (): readonly string[] => vendor.table.rows().map(({ fields }) => textOf(fields[vendor.keyField]));

    describe('reading', () => {
      // No row of theirs is later than the clock, however long a step is.
      const step = (n: number): number => startMs - Math.max(60 * MINUTE_MS, 300 * vendor.stepMs) + n * vendor.stepMs;

      test('G1 a tie over a page edge and one wider than a page are read whole, each version once', async () => {
        fill(ROWS, (n) => step(n < 10 ? n : n < 230 ? 10 : 11));
        const handed = await (await readerOf(vendor, clock)).quiet();
        expect(versionsOf(handed).toSorted()).toEqual(wanted().toSorted());
      });

      test('G1 records added, changed and removed between pages are lost in no version that stays', async () => {
        fill(ROWS, (n) => step(Math.floor(n / 4)));
        const reader = await readerOf(vendor, clock);
        let changes = 0;
        const meanwhile = (): false => {
          const rows = vendor.table.rows();
          changes += 1;
          if (changes > 25) return false;
          const at = Math.floor(clock.nowMs / vendor.stepMs) * vendor.stepMs;
          const touched = rows[(changes * 31) % rows.length];
          const removed = rows[(changes * 17) % rows.length];
          if (touched !== undefined) {
            vendor.table.change(touched.id, { [vendor.textField]: `v${touched.version + 1}` }, at);
          }
          if (removed !== undefined && removed !== touched) vendor.table.remove(removed.id);
          vendor.table.put({ atMs: at, fields: { [vendor.keyField]: `N${changes}`, [vendor.textField]: 'v1' } });
          return false;
        };
        // Asked of each request before it is answered, and never true: other people at work, and no fault.
        vendor.server.faults.push({ kind: 'lose', when: meanwhile });
        const handed = versionsOf(await reader.quiet());
        expect(changes).toBeGreaterThan(3);
        expect(wanted().filter((one) => !handed.includes(one))).toEqual([]);
        expect(new Set(handed).size).toBe(handed.length);
      });

      test('G1 a change behind the mark, within the overlap, is read by the next poll, and nothing twice', async () => {
        fill(5, (n) => startMs - 10 * MINUTE_MS + n * vendor.stepMs);
        const reader = await readerOf(vendor, clock);
        const first = await reader.quiet();
        vendor.table.put({
          atMs: startMs - 10 * MINUTE_MS + 2 * vendor.stepMs,
          fields: { [vendor.keyField]: 'late', [vendor.textField]: 'v1' },
        });
        const handed = versionsOf([...first, ...(await reader.quiet())]);
        expect(handed.toSorted()).toEqual(wanted().toSorted());
      });

      can('index lag', 'G1 a change that the index shows late is lost by no poll in between', async () => {
        fill(3, (n) => startMs - MINUTE_MS + n * vendor.stepMs);
        const reader = await readerOf(vendor, clock);
        const early = await reader.poll();
        vendor.table.put({ atMs: clock.nowMs, fields: { [vendor.keyField]: 'lagging', [vendor.textField]: 'v1' } });
        const handed = versionsOf([...early, ...(await reader.quiet())]);
        expect(handed.toSorted()).toEqual(wanted().toSorted());
      });

      can('cap', 'G6 a list that the API cuts at its cap is not taken for the end', async () => {
        const cap = 450;
        fill(cap * 2, (n) => step(Math.floor(n / 7)));
        const handed = await (await readerOf(vendor, clock)).quiet();
        expect(versionsOf(handed).toSorted()).toEqual(wanted().toSorted());
      });

      can('page tokens', 'G1 a page token that expired costs reading and no record', async () => {
        fill(ROWS, step);
        const reader = await readerOf(vendor, clock);
        const first = await reader.poll();
        vendor.server.faults.push({
          kind: 'answer',
          answer: { status: 410, body: {} },
          when: vendor.isPaged ?? (() => true),
        });
        const handed = versionsOf([...first, ...(await reader.quiet())]);
        expect(vendor.server.faults).toEqual([]);
        expect(wanted().filter((one) => !handed.includes(one))).toEqual([]);
      });

      test('a throttle in the words of the API is one, with a time to wait', async () => {
        vendor.server.faults.push({ kind: 'answer', answer: vendor.throttled });
        const reply = await source().readPage({ since: null, token: null, pageSize: 10 });
        if (reply.kind !== 'failed' || reply.failure.kind !== 'throttled') throw new Error(JSON.stringify(reply));
        expect(reply.failure.retryAfterMs).toBeGreaterThanOrEqual(1000);
      });

      test('HTML with status 200 is no page', async () => {
        vendor.server.faults.push(html);
        const reply = await source().readPage({ since: null, token: null, pageSize: 10 });
        expect(reply).toMatchObject({ kind: 'failed', failure: { kind: 'malformed' } });
      });

      can('long integers', 'an integer beyond 2^53 keeps every digit', async () => {
        const digits = '9007199254740993';
        const fields = { [vendor.keyField]: 'long', [vendor.textField]: 'v1', [vendor.long?.field ?? '']: digits };
        vendor.table.put({ atMs: startMs - MINUTE_MS, fields });
        const [only] = await (await readerOf(vendor, clock)).quiet();
        expect(only?.long).toBe(digits);
      });
    });

    describe('looking up', () => {
      test('keys of any kind are found, each as itself', async () => {
        const all = hostileKeys.map((key) =>
          vendor.table.put({ atMs: startMs, fields: { [vendor.keyField]: key, [vendor.textField]: 'v1' } }),
        );
        untilFound();
        const ids: unknown[] = [];
        const size = driver().findBatchMax;
        for (let start = 0; start < hostileKeys.length; start += size) {
          const keys = hostileKeys.slice(start, start + size);
          const reply = await driver().find(vendor.keyField, keys);
          if (reply.kind !== 'found') throw new Error(reply.failure.reason);
          ids.push(...keys.map((key) => reply.byValue.get(key)?.map(({ id }) => id)));
        }
        expect(ids).toEqual(all.map(({ id }) => [id]));
      });

      test('a record whose key differs in case only is not the one asked for', async () => {
        vendor.table.put({ atMs: startMs, fields: { [vendor.keyField]: 'Key-A', [vendor.textField]: 'v1' } });
        untilFound();
        const reply = await driver().find(vendor.keyField, ['key-a']);
        expect(reply).toEqual({ kind: 'found', byValue: new Map() });
      });

      can('read by ID', 'records are read again by their IDs, as a source gives them', async () => {
        fill(3, () => startMs - MINUTE_MS);
        const [first] = vendor.table.rows();
        const id = first?.id ?? '';
        const reply = await source().readByIds([id]);
        if (reply.kind !== 'found') throw new Error(reply.failure.reason);
        const body = reply.byValue.get(id)?.[0]?.body;
        expect(body === undefined ? undefined : source().toRecord(body)?.id).toBe(id);
      });
    });

    describe('writing', () => {
      const write = (externalId: string, text: string) => ({ externalId, text });
      const upsertOf = (externalId: string) => ({
        kind: 'upsert' as const,
        externalId,
        fields: { [vendor.keyField]: externalId, [vendor.textField]: 'v1' },
      });

      const oneOf = (externalId: string): WriteRequest => {
        const { fields } = upsertOf(externalId);
        return driver().nativeUpsert ? upsertOf(externalId) : { kind: 'create', fields };
      };

      test('G2 keys of any kind are written once each, and again as updates', async () => {
        const isFit = (key: string): boolean => vendor.unfitKey?.test(key) !== true;
        const keys = hostileKeys.filter(isFit);
        const writes = hostileKeys.map((key) => write(key, 'v1'));
        const first = await writeTo(vendor, clock, writes);
        expect(first.map(({ outcome }) => outcome.kind)).toEqual(
          hostileKeys.map((key) => (isFit(key) ? 'confirmed' : 'failed')),
        );
        untilFound();
        const second = await writeTo(
          vendor,
          clock,
          keys.map((externalId) => write(externalId, 'v2')),
        );
        const created = lacks.created === undefined ? false : null;
        expect(second).toMatchObject(keys.map(() => ({ outcome: { kind: 'confirmed', created } })));
        expect(keysHeld().toSorted()).toEqual(keys.toSorted());
        expect(vendor.table.rows().every(({ fields }) => fields[vendor.textField] === 'v2')).toBe(true);
      });

      can('created', 'what was created is told from what was changed', async () => {
        const [created] = await writeTo(vendor, clock, [write('one', 'v1')]);
        untilFound();
        const [changed] = await writeTo(vendor, clock, [write('one', 'v2')]);
        expect(created?.outcome).toMatchObject({ kind: 'confirmed', created: true });
        expect(changed?.outcome).toMatchObject({ kind: 'confirmed', created: false });
      });

      test('G2 a write whose reply is lost after the effect is found by read-back and not doubled', async () => {
        vendor.server.faults.push({
          kind: 'lose',
          when: vendor.isWrite,
        });
        const [written] = await writeTo(vendor, clock, [write('lost', 'v1')]);
        expect(written?.outcome).toMatchObject({ kind: 'confirmed', readBack: lacks['read-back'] === undefined });
        expect(keysHeld()).toEqual(['lost']);
      });

      test('G2 HTML with status 200 leaves a write unknown until it is read back', async () => {
        vendor.server.faults.push({ ...html, when: vendor.isWrite });
        const reply = await driver().write(oneOf('html'));
        expect(reply).toMatchObject({ kind: 'failed', failure: { kind: 'unknown', answered: true } });
        const [written] = await writeTo(vendor, clock, [write('html', 'v1')]);
        expect(written?.outcome.kind).toBe('confirmed');
        expect(keysHeld()).toEqual(['html']);
      });

      test('a throttle in the words of the API wrote nothing', async () => {
        vendor.server.faults.push({ kind: 'answer', answer: vendor.throttled });
        expect(await driver().write(oneOf('slow'))).toMatchObject({ failure: { kind: 'throttled' } });
        expect(keysHeld()).toEqual([]);
      });

      test('a record that the API refuses is refused, by its code', async () => {
        vendor.refused.set('bad', vendor.refusal);
        const [written] = await writeTo(vendor, clock, [write('bad', 'v1')]);
        expect(written?.outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining(vendor.refusal) });
      });

      test('an update of a record that is gone says so', async () => {
        const reply = await driver().write({
          kind: 'update',
          targetId: vendor.goneId ?? '999',
          fields: { [vendor.textField]: 'v1' },
        });
        expect(reply).toEqual({ kind: 'missing' });
      });

      can(
        'several matches',
        'G2 several records with one key are a failure of their own, and none is written',
        async () => {
          for (const text of ['a', 'b']) {
            vendor.table.put({ atMs: startMs, fields: { [vendor.keyField]: 'twin', [vendor.textField]: text } });
          }
          untilFound();
          const [written] = await writeTo(vendor, clock, [write('twin', 'v1')]);
          expect(written?.outcome).toMatchObject({ kind: 'failed', errorClass: 'several_matches' });
          expect(vendor.table.rows().map(({ fields }) => fields[vendor.textField])).toEqual(['a', 'b']);
        },
      );

      can(
        'batches that fail in part',
        'each item of a batch has its own outcome, whatever the status says',
        async () => {
          const many = driver().writeMany;
          if (many === undefined) throw new Error('The driver has no batches');
          await many.write([upsertOf('old')]);
          vendor.refused.set('bad', vendor.refusal);
          const replies = await many.write(['new', 'bad', 'old', "it's"].map(upsertOf));
          expect(replies).toMatchObject([
            { kind: 'written', created: true },
            { kind: 'failed', failure: { kind: 'rejected', reason: expect.stringContaining(vendor.refusal) } },
            { kind: 'written', created: false },
            { kind: 'written', created: true },
          ]);
          const ids = replies.map((reply) => (reply.kind === 'written' ? reply.targetId : null));
          const held = (key: string) => vendor.table.byField(vendor.keyField, key)[0]?.id ?? null;
          expect(ids).toEqual([held('new'), null, held('old'), held("it's")]);
        },
      );

      can('batches', 'an item of a batch without a result is unknown', async () => {
        const many = driver().writeMany;
        vendor.server.faults.push({ kind: 'answer', answer: { status: 200, body: { results: [] } } });
        const replies = await many?.write(['a', 'b'].map(upsertOf));
        expect(replies).toMatchObject(['a', 'b'].map(() => ({ failure: { kind: 'unknown', answered: true } })));
      });

      can('batches', 'more than a batch takes, or one key twice, is a bug of the caller', async () => {
        const many = driver().writeMany;
        if (many === undefined) throw new Error('The driver has no batches');
        const tooMany = Array.from({ length: many.max + 1 }, (_row, n) => upsertOf(`k${n}`));
        await expect(many.write(tooMany)).rejects.toThrow(RangeError);
        await expect(many.write(['a', 'a'].map(upsertOf))).rejects.toThrow(RangeError);
        expect(vendor.server.asked).toEqual([]);
      });
    });
  });
};
