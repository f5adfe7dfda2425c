import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { StorePort } from '../../../src/core/protocol/store-port.ts';
import { onEngines, type Opened } from '../../world/on-engines.ts';

type Request = Parameters<StorePort['claimOnce']>[1];

const DAY_MS = 86_400_000;
const KEY = 'ada@private.example';

const claim = ({ world }: Pick<Opened, 'world'>, change: Partial<Request> = {}) =>
  world.port.claimOnce(
    {},
    { claimId: randomUUID(), scope: 'welcome-mail', key: KEY, token: null, expiresInDays: null, ...change },
  );

onEngines('G2 claiming a key', (open) => {
  it('G2 the first claim of a key is first, and every other is told which was', async () => {
    const opened = await open();
    const claimId = randomUUID();
    const first = await claim(opened, { claimId });
    expect(first).toEqual({
      first: true,
      claimId,
      claimedAt: '2026-11-21T12:00:00.000000000Z',
      expiresAt: null,
      claims: 1,
    });
    opened.clock.nowMs += 1000;
    expect(await claim(opened)).toEqual({ ...first, first: false, claims: 2 });
    expect(await claim(opened)).toEqual({ ...first, first: false, claims: 3 });
  });

  it('G2 of twelve at once one is first', async () => {
    const opened = await open();
    for (let round = 0; round < 5; round += 1) {
      const claims = await Promise.all(Array.from({ length: 12 }, () => claim(opened, { key: `key-${round}` })));
      expect(claims.filter(({ first }) => first)).toHaveLength(1);
      expect(new Set(claims.map(({ claimId }) => claimId)).size).toBe(1);
      expect(claims.map((one) => one.claims).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 12 }, (_, index) => index + 1),
      );
    }
  });

  it('G5 the same call again, twelve times at once, is one claim and is first each time', async () => {
    const opened = await open();
    const claimId = randomUUID();
    const claims = await Promise.all(Array.from({ length: 12 }, () => claim(opened, { claimId })));
    expect(claims).toEqual(claims.map(() => ({ ...claims[0], first: true, claims: 1 })));
    const second = randomUUID();
    await claim(opened, { claimId: second });
    expect(await claim(opened, { claimId: second })).toMatchObject({ first: false, claims: 2 });
    expect(await claim(opened, { claimId })).toMatchObject({ first: true });
  });

  it('whoever comes again with the token of the first is first again, and nobody else', async () => {
    const opened = await open();
    const held = await claim(opened, { token: 'run-1' });
    expect(await claim(opened, { token: 'run-1' })).toMatchObject({ first: true, claimId: held.claimId, claims: 2 });
    expect(await claim(opened, { token: 'run-2' })).toMatchObject({ first: false, claimId: held.claimId });
    expect(await claim(opened)).toMatchObject({ first: false });
    expect(await claim(opened, { key: 'another', token: 'run-1' })).toMatchObject({ first: true, claims: 1 });
    expect(await claim(opened, { key: 'another', token: null })).toMatchObject({ first: false });
  });

  it('a claim without a token is not given to one that comes with any', async () => {
    const opened = await open();
    await claim(opened);
    expect(await claim(opened, { token: 'run-1' })).toMatchObject({ first: false });
    expect(await claim(opened, { token: 'run-1' })).toMatchObject({ first: false });
  });

  it('a claim that is over may be claimed anew, and a late replay of the old one is not first', async () => {
    const opened = await open();
    const old = randomUUID();
    await claim(opened, { claimId: old, token: 'run-1', expiresInDays: 30 });
    opened.clock.nowMs += 30 * DAY_MS - 1;
    expect(await claim(opened, { expiresInDays: 1 })).toMatchObject({
      first: false,
      expiresAt: '2026-12-21T12:00:00.000000000Z',
    });
    opened.clock.nowMs += 1;
    const claimId = randomUUID();
    expect(await claim(opened, { claimId })).toMatchObject({ first: true, claimId, claims: 1, expiresAt: null });
    expect(await claim(opened, { token: 'run-1' })).toMatchObject({ first: false, claimId });
  });

  it('G8 another scope and another environment have keys of their own', async () => {
    const opened = await open();
    await claim(opened);
    expect(await claim(opened, { scope: 'invoice' })).toMatchObject({ first: true });
    const caller = { keyId: 'p', name: 'p', role: 'sync', environment: 'production' } as const;
    const production = { world: { ...opened.world, port: opened.store.portFor(caller) } };
    expect(await claim(production)).toMatchObject({ first: true });
    expect(await claim(production)).toMatchObject({ first: false });
  });

  it('a claim ID that was used for another key is refused: it would be told what is not its own', async () => {
    const opened = await open();
    const claimId = randomUUID();
    await claim(opened, { claimId });
    await expect(claim(opened, { claimId, key: 'another' })).rejects.toMatchObject({ kind: 'conflict' });
    expect(await claim(opened, { key: 'another' })).toMatchObject({ first: true });
  });

  it('G7 neither key nor token is kept, and the evidence holds the first claim only', async () => {
    const opened = await open();
    await claim(opened, { token: 'token-of-ada' });
    await claim(opened);
    const { kysely } = opened.store.database;
    const rows = await sql<{ text: string }>`select row_to_json(c)::text as text from claims c`.execute(kysely);
    const { entries } = await opened.world.port.listEvidence({}, { limit: 1000 });
    const text = [...rows.rows.map((row) => row.text), ...entries.map(({ leaf }) => leaf)].join('\n');
    expect(rows.rows).toHaveLength(2);
    // Longer words than can stand in a digest by chance.
    expect(text).not.toMatch(/private\.example|token-of/);
    expect(entries.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
  });

  it('G5 a claim whose evidence could not be written was not made', async () => {
    const opened = await open();
    const { kysely } = opened.store.database;
    await sql`alter table evidence add constraint refuse_it check (kind <> 'claimed')`.execute(kysely);
    try {
      await expect(claim(opened)).rejects.toThrow(/refuse_it/);
    } finally {
      await sql`alter table evidence drop constraint refuse_it`.execute(kysely);
    }
    expect(await claim(opened)).toMatchObject({ first: true, claims: 1 });
  });
});
