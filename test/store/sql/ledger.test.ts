import { sql } from 'kysely';
import { verifyEvidence } from '../../../src/cli/verify-evidence.ts';
import { parseNote } from '../../../src/core/evidence/signed-note.ts';
import { parseTreeHead, type TreeHead } from '../../../src/core/evidence/tree-head.ts';
import { isConsistent } from '../../../src/core/evidence/verify-proof.ts';
import { acceptedBySumdb, type Claim } from '../../foreign/sumdb.ts';
import { publishedRoot } from '../../world/ledger-check.ts';
import { onEngines } from '../../world/on-engines.ts';
import type { World } from '../../world/world.ts';

const headOf = (note: string): TreeHead => {
  const head = parseTreeHead(parseNote(note)?.text ?? '');
  if (head === undefined) throw new Error(`Expected a tree head: ${note}`);
  return head;
};

/** Makes entries: each claim of a new key is one. */
const grow = async ({ port }: World, count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) {
    const key = `${count}-${n}`;
    await port.claimOnce({}, { claimId: crypto.randomUUID(), scope: 'ledger', key, token: null, expiresInDays: null });
  }
};

const all = async ({ port }: World) => {
  const entries = [];
  for (;;) {
    const page = await port.listEvidence({}, { after: entries.at(-1)?.sequence ?? 0, limit: 1000 });
    entries.push(...page.entries);
    if (page.entries.length < 1000) return entries;
  }
};

onEngines('G9 the ledger', (open) => {
  it('G9 every entry is proved under the signed head, and by nothing else', async () => {
    const { world } = await open();
    await grow(world, 300);
    const { note, key, size } = await world.port.signTreeHead({}, {});
    const entries = await all(world);
    expect(size).toBe(entries.length);
    expect(Buffer.from(headOf(note).root).toString('hex')).toBe(publishedRoot(entries.map(({ leaf }) => leaf)));
    for (const { id, sequence, leaf } of [...entries.slice(0, 3), ...entries.slice(250, 262), ...entries.slice(-3)]) {
      const proved = await world.port.proveEntry({ entry: id }, {});
      expect(proved).toMatchObject({ leaf, index: sequence - 1 });
      expect(verifyEvidence({ ...proved, key })).toEqual({
        kind: 'holds',
        origin: headOf(note).origin,
        size,
        index: sequence - 1,
      });
      const forged = proved.leaf.replace('"at":"2026', '"at":"2025');
      expect(verifyEvidence({ ...proved, leaf: forged, key })).toMatchObject({ kind: 'fails' });
    }
  });

  it('G9 a ledger that grew is proved to begin with what was signed before, also by software that we did not write', async () => {
    const { world } = await open();
    const heads: TreeHead[] = [];
    const claims: Claim[] = [];
    for (const more of [1, 60, 200, 40]) {
      await grow(world, more);
      const { note, key } = await world.port.signTreeHead({}, {});
      claims.push({ kind: 'note', key, note });
      heads.push(headOf(note));
    }
    for (const [place, older] of heads.entries()) {
      for (const newer of heads.slice(place)) {
        const { proof } = await world.port.proveGrowth({}, { older: older.size, newer: newer.size });
        const hashes = proof.map((hash) => Buffer.from(hash, 'base64'));
        expect(isConsistent({ older, newer, proof: hashes })).toBe(true);
        const sizes = { oldSize: older.size, oldRoot: older.root, size: newer.size, root: newer.root };
        claims.push({ kind: 'consistency', ...sizes, proof: hashes });
      }
    }
    expect(acceptedBySumdb(claims)).toEqual(claims.map(() => true));
  });

  it('G9 a head signed when nothing happened says when, and two processes sign once an hour', async () => {
    const { world, store, clock } = await open();
    const first = await store.store.signIfDue();
    expect(await store.store.signIfDue()).toEqual(first);
    clock.nowMs += 3_600_000;
    const [a, b] = await Promise.all([store.store.signIfDue(), store.store.signIfDue()]);
    expect(a).toEqual(b);
    expect(a.size).toBe(first.size + 1);
    expect(a.signedAt > first.signedAt).toBe(true);
    expect(await world.port.getTreeHead({}, {})).toEqual(a);
    // Signed for both environments, and so shown to the keys of each.
    const heads = (await all(world)).filter(({ kind }) => kind === 'tree_head');
    expect(heads.map(({ sequence }) => sequence)).toEqual([first.size, a.size]);
  });

  it('G9 an entry that was changed in the database no longer fits its head', async () => {
    const { world, store } = await open();
    await grow(world, 5);
    const { key } = await world.port.signTreeHead({}, {});
    const [, , third] = await all(world);
    await sql`update evidence set leaf = replace(leaf, '2026', '2025') where sequence = 3`.execute(
      store.database.kysely,
    );
    const proved = await world.port.proveEntry({ entry: third?.id ?? '' }, {});
    expect(verifyEvidence({ ...proved, key })).toEqual({
      kind: 'fails',
      reason: 'the entry is not the one that the proof is of',
    });
  });

  it('says why there is no proof', async () => {
    const { world } = await open();
    await expect(world.port.getTreeHead({}, {})).rejects.toMatchObject({ kind: 'not_found' });
    await world.port.signTreeHead({}, {});
    await grow(world, 1);
    const entry = (await all(world)).at(-1)?.id ?? '';
    await expect(world.port.proveEntry({ entry }, {})).rejects.toThrow('came later');
    await expect(world.port.proveEntry({ entry: crypto.randomUUID() }, {})).rejects.toMatchObject({
      kind: 'not_found',
    });
    await expect(world.port.proveGrowth({}, { older: 3, newer: 2 })).rejects.toThrow('in their order');
    await expect(world.port.proveGrowth({}, { older: 1, newer: 1000 })).rejects.toMatchObject({
      kind: 'invalid_request',
    });
  });
});
