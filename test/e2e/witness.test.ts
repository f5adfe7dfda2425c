import { instantFromMs } from '../../src/core/instant.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import { publishedLeafHash } from '../world/ledger-check.ts';
import { createWitness } from './witness.ts';

type Entry = Awaited<ReturnType<StorePort['listEvidence']>>['entries'][number];

const entriesOf = (leaves: readonly string[]): Entry[] =>
  leaves.map((leaf, index) => ({
    sequence: index + 1,
    id: String(index),
    kind: 'page_read',
    at: instantFromMs(index),
    leaf,
    hash: publishedLeafHash(leaf),
  }));

/** A store that shows what it is given. */
const openStore = (leaves: readonly string[]) => {
  const shown = { entries: entriesOf(leaves), applied: 3 };
  const api: Pick<StorePort, 'listEvidence' | 'getStream'> = {
    listEvidence: (_params, { after }) => {
      return Promise.resolve({
        entries: shown.entries.filter(({ sequence }) => sequence > Number(after ?? 0)),
        treeSize: shown.entries.length,
        rootHash: publishedLeafHash('not looked at'),
      });
    },
    getStream: () =>
      Promise.resolve({
        sync: 'customers',
        stream: 'main',
        owner: null,
        checkpoint: {
          version: 1,
          startAt: null,
          fetched: { cursor: null, token: null, begunAt: null, sweep: null },
          committed: null,
        },
        counts: {
          open: 0,
          held: 0,
          applied: shown.applied,
          superseded: 0,
          unchanged: 0,
          deadLettered: 0,
          deliveries: 3,
        },
        reading: { cycles: 1, pages: 1, rows: 3, late: 0 },
      }),
  };
  return { shown, witness: createWitness(api, { sync: 'customers', stream: 'main' }) };
};

const losses = async (change: (shown: ReturnType<typeof openStore>['shown']) => void): Promise<readonly string[]> => {
  const { shown, witness } = openStore(['a', 'b', 'c']);
  await witness.look();
  change(shown);
  return witness.findLosses();
};

test('a witness finds nothing in a store that only grew', async () => {
  expect(
    await losses((shown) => {
      shown.entries = entriesOf(['a', 'b', 'c', 'd']);
      shown.applied = 4;
    }),
  ).toEqual([]);
});

test('a witness finds a tail that was cut off, although all before it verifies', async () => {
  expect(
    await losses((shown) => {
      shown.entries = entriesOf(['a', 'b']);
    }),
  ).toEqual(['entry 3 is gone']);
});

test('a witness finds a tail that was cut off and grew again', async () => {
  expect(
    await losses((shown) => {
      shown.entries = entriesOf(['a', 'b', 'x', 'y']);
    }),
  ).toEqual(['entry 3 is another one now']);
});

test('a witness finds a leaf that its hash is not of', async () => {
  const [first, ...rest] = entriesOf(['a', 'b', 'c', 'd']);
  expect(
    await losses((shown) => {
      shown.entries = [...(first === undefined ? [] : [{ ...first, leaf: 'z' }]), ...rest];
    }),
  ).toEqual(['entry 1 is another one now', 'the hash of entry 1 is not that of its leaf']);
});

test('a witness finds a total that fell', async () => {
  expect(
    await losses((shown) => {
      shown.applied = 2;
    }),
  ).toEqual(['applied fell from 3 to 2', 'settled fell from 3 to 2']);
});
