import { randomUUID } from 'node:crypto';
import type { EvidenceKind } from '../../src/store/sql/evidence-table.ts';
import { dryRun, type DryRunReport, type DryRunRequest } from '../../src/engine/dry-run.ts';
import { instantFromMs } from '../../src/core/instant.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { onEngines, type Opened, startMs } from '../world/on-engines.ts';
import { syncNamed } from '../world/contracts.ts';
import type { World } from '../world/world.ts';

const at = (second: number): string => instantFromMs(startMs - 3_600_000 + second * 1000);
const person = (id: string, second: number, name: string | null = id): JsonObject => ({
  id,
  name,
  email: `${id}@private.example`,
  amount: 1,
  updatedAt: at(second),
});

const travel = async ({ items, upsert }: World): Promise<void> => {
  for (const { deliveryId, payload } of await items()) await upsert(deliveryId, payload);
};

type Change = Partial<DryRunRequest> & { readonly isStopped?: () => boolean };

const run = ({ world, store, clock }: Opened, change: Change = {}): Promise<DryRunReport> => {
  const { isStopped = () => false, ...request } = change;
  return dryRun(
    {
      store: store.port,
      driver: (system: { readonly name: string }) =>
        system.name === 'source-system' ? world.source.driver : world.target.driver,
      runtime: () => ({
        now: () => clock.nowMs,
        sleep: (ms: number) => {
          clock.nowMs += ms;
          return Promise.resolve();
        },
        random: () => 0.5,
        newId: randomUUID,
        deadlineMs: clock.nowMs + 25_000,
      }),
      isStopped,
      onPage: () => undefined,
    },
    {
      requestId: randomUUID(),
      sync: 'people-to-contacts',
      stream: 'main',
      from: { kind: 'start' },
      to: { kind: 'version', version: 1 },
      contract: null,
      limit: 10_000,
      ...request,
    },
  );
};

const actionsOf = ({ records }: DryRunReport) => records.map(({ externalId, action }) => `${externalId} ${action}`);

const evidenceOf = async ({ store }: Opened, kind: EvidenceKind): Promise<readonly string[]> => {
  const { entries } = await store.port.listEvidence({}, { limit: 1000 });
  return entries.filter((entry) => entry.kind === kind).map(({ leaf }) => leaf);
};

/** Three records that travelled, and the version of the checkpoint that read them. */
const three = async (opened: Opened): Promise<number> => {
  const { world } = opened;
  for (const id of ['a', 'b', 'c']) world.source.put(person(id, id.charCodeAt(0)));
  await travel(world);
  const { checkpoints } = await opened.store.port.listCheckpoints({ sync: 'people-to-contacts', stream: 'main' }, {});
  return checkpoints[0]?.version ?? 0;
};

onEngines('a dry run between two checkpoints', (open) => {
  it('names what would be created, updated and left as it is, by fields and without a value, and changes nothing', async () => {
    const opened = await open();
    const { world, store, clock } = opened;
    const version = await three(opened);
    clock.nowMs += 10_000;
    // Somebody changed one on the target and deleted another, and reconciliation has found out.
    const [first, second] = world.target.rows;
    world.target.rows.splice(0, 2, { ...first, name: 'Eve', email: 'eve@private.example' });
    expect(second).toMatchObject({ externalId: 'b' });
    await world.reconcile({ repair: true });
    const before = await world.stream();
    const rows = structuredClone(world.target.rows);
    const { writes } = world.target.calls;
    const report = await run(opened, { to: { kind: 'version', version } });
    expect(report).toMatchObject({
      end: { kind: 'complete' },
      from: { version: 0, mark: null },
      to: { version, mark: { id: 'c' } },
      records: [
        { externalId: 'a', action: 'update', fields: ['name', 'email'] },
        { externalId: 'b', action: 'create', fields: ['name', 'email', 'amount'] },
        { externalId: 'c', action: 'unchanged', fields: [], known: 'applied' },
      ],
    });
    expect(JSON.stringify(report)).not.toContain('private.example');
    expect(world.target.calls.writes).toBe(writes);
    expect(world.target.rows).toEqual(rows);
    expect(await world.stream()).toEqual(before);
    expect(await evidenceOf({ ...opened, store }, 'replay_dry_run')).toEqual([
      expect.stringContaining(`"to":${version}`),
    ]);
  });

  it('looks only at the stretch between the two, and a record that changed again since is outside', async () => {
    const opened = await open();
    const { world, clock } = opened;
    const version = await three(opened);
    clock.nowMs += 10_000;
    world.source.put(person('d', 200));
    await travel(world);
    const [last] = (await opened.store.port.listCheckpoints({ sync: 'people-to-contacts', stream: 'main' }, {}))
      .checkpoints;
    expect(actionsOf(await run(opened, { to: { kind: 'version', version } }))).toEqual([
      'a unchanged',
      'b unchanged',
      'c unchanged',
    ]);
    const later = { from: { kind: 'version', version }, to: { kind: 'cycle', cycleId: last?.cycleId ?? '' } } as const;
    expect(actionsOf(await run(opened, later))).toEqual(['c unchanged', 'd unchanged']);
    world.source.put(person('b', 300, 'Bob'));
    expect(actionsOf(await run(opened, { to: { kind: 'version', version } }))).toEqual(['a unchanged', 'c unchanged']);
  });

  it('applies another version of the contract, and says what that would hold or change', async () => {
    const opened = await open();
    const { world, store } = opened;
    const version = await three(opened);
    const fields = syncNamed().fields.map((field) =>
      field.target === 'name'
        ? { ...field, enum: ['a', 'c'] }
        : field.target === 'amount'
          ? { target: 'amount', expression: 'amount + 1', type: 'number' }
          : field,
    );
    await store.port.applySync({ sync: 'people-to-contacts' }, { contract: syncNamed({ fields, ticket: 'OPS-2' }) });
    const report = await run(opened, { to: { kind: 'version', version } });
    expect(report.records).toMatchObject([
      { externalId: 'a', action: 'update', fields: ['amount'] },
      { externalId: 'b', action: 'held', reason: expect.stringContaining('name') },
      { externalId: 'c', action: 'update', fields: ['amount'] },
    ]);
    const asBefore = await run(opened, { to: { kind: 'version', version }, contract: '1' });
    expect(actionsOf(asBefore)).toEqual(['a unchanged', 'b unchanged', 'c unchanged']);
    expect([report.contractVersion.split('.')[0], asBefore.contractVersion.split('.')[0]]).toEqual(['2', '1']);
    await expect(run(opened, { to: { kind: 'version', version }, contract: '7' })).rejects.toMatchObject({
      kind: 'not_found',
    });
    expect(world.target.rows).toHaveLength(3);
  });

  it('calls a version stale where a newer one is on the target, and waits for a write that is under way', async () => {
    const opened = await open();
    const { world, store } = opened;
    const version = await three(opened);
    const subject = (externalId: string, updatedAt: string) => ({
      intentId: randomUUID(),
      subject: { kind: 'record' as const, externalId, version: { updatedAt, digest: 'f'.repeat(64) } },
    });
    const items = [subject('a', at(500)), subject('b', at(500))];
    const begun = await store.port.beginWrites({}, { sync: 'people-to-contacts', knownContract: null, items });
    const [, second] = begun.decisions;
    if (second?.kind !== 'proceed') throw new Error('The write was not begun');
    const outcome = { kind: 'confirmed' as const, targetId: 't', created: false, readBack: false };
    const done = { fence: second.fence, attempts: 1, writtenDigest: null, outcome, signal: { kind: 'up' as const } };
    await store.port.completeWrites({}, { items: [{ intentId: items[1]?.intentId ?? '', ...done }] });
    expect(actionsOf(await run(opened, { to: { kind: 'version', version } }))).toEqual([
      'a waits',
      'b stale',
      'c unchanged',
    ]);
    expect(world.target.rows).toHaveLength(3);
  });

  it('ends at its limit, when it is stopped, and when source or target cannot be read, and says so', async () => {
    const opened = await open({ source: { pageSize: 2 } });
    const { world } = opened;
    const version = await three(opened);
    const to = { kind: 'version', version } as const;
    expect(await run(opened, { to, limit: 1 })).toMatchObject({
      end: { kind: 'limit' },
      records: [{ externalId: 'a' }],
    });
    const stopped = await run(opened, { to, isStopped: () => true });
    expect([stopped.end.kind, stopped.records.length]).toEqual(['stopped', 2]);
    const failure = { kind: 'rejected', status: 400, reason: 'Cannot GET: 400' } as const;
    world.source.faults.push({ kind: 'fail', failure });
    expect((await run(opened, { to })).end).toEqual({ kind: 'failed', reason: expect.stringContaining('400') });
    await world.reconcile({ repair: true });
    world.target.rows.splice(0, 1);
    await world.reconcile({ repair: true });
    world.target.faults.push({
      kind: 'fail',
      failure: { kind: 'unauthorized', reason: 'Cannot GET: 401' },
    });
    const end = (await run(opened, { to })).end;
    expect(end).toEqual({ kind: 'failed', reason: expect.stringContaining('401') });
    expect(world.target.calls.writes).toBe(3);
  });

  it('G5 the same request is recorded once, and a stretch that ends before it begins is refused', async () => {
    const opened = await open();
    const version = await three(opened);
    const request = { requestId: randomUUID(), to: { kind: 'version', version } as const };
    const [one, two] = [await run(opened, request), await run(opened, request)];
    expect(two.evidenceId).toBe(one.evidenceId);
    expect(await evidenceOf(opened, 'replay_dry_run')).toHaveLength(1);
    await expect(run(opened, { ...request, limit: 1, to: { kind: 'version', version: 0 } })).rejects.toMatchObject({
      kind: 'invalid_request',
    });
    await expect(run(opened, { to: { kind: 'version', version: 999 } })).rejects.toMatchObject({ kind: 'not_found' });
    await expect(run(opened, { to: { kind: 'cycle', cycleId: randomUUID() } })).rejects.toMatchObject({
      kind: 'not_found',
    });
  });

  it('looks at a target that has an upsert of its own, and sends it nothing', async () => {
    const opened = await open({ target: { nativeUpsert: true } });
    const { world, store } = opened;
    const version = await three(opened);
    const fields = syncNamed().fields.filter(({ target }) => target !== 'amount');
    await store.port.applySync({ sync: 'people-to-contacts' }, { contract: syncNamed({ fields, ticket: 'OPS-2' }) });
    world.target.rows.splice(1, 1);
    const { writes } = world.target.calls;
    expect((await run(opened, { to: { kind: 'version', version } })).records).toMatchObject([
      { action: 'unchanged' },
      { action: 'create', fields: ['name', 'email'] },
      { action: 'unchanged' },
    ]);
    expect(world.target.calls.writes).toBe(writes);
  });
});
