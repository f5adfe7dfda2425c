import { createHash } from 'node:crypto';
import { instantFromMs } from '../../src/core/instant.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';
import { createWitness } from './witness.ts';

type Entry = Awaited<ReturnType<StorePort['listEvidence']>>['entries'][number];

const chain = (leaves: readonly string[]): Entry[] => {
  let hash = '0'.repeat(64);
  return leaves.map((leaf, index) => {
    hash = createHash('sha256').update(`${hash}${leaf}`).digest('hex');
    return {
      sequence: index + 1,
      id: String(index),
      kind: 'page_read',
      at: instantFromMs(index),
      leaf,
      hash,
    };
  });
};

/** A store that shows what it is given. */
const openStore = (leaves: readonly string[]) => {
  const shown = { entries: chain(leaves), applied: 3 };
  const api: Pick<StorePort, 'listEvidence' | 'getStream'> = {
    listEvidence: (_params, { after }) => {
      const head = { headSequence: shown.entries.length, headHash: shown.entries.at(-1)?.hash ?? '' };
      return Promise.resolve({
        entries: shown.entries.filter(({ sequence }) => sequence > Number(after ?? 0)),
        ...head,
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
      shown.entries = chain(['a', 'b', 'c', 'd']);
      shown.applied = 4;
    }),
  ).toEqual([]);
});

test('a witness finds a tail that was cut off, although the chain before it verifies', async () => {
  expect(
    await losses((shown) => {
      shown.entries = chain(['a', 'b']);
    }),
  ).toEqual(['entry 3 is gone']);
});

test('a witness finds a tail that was cut off and grew again', async () => {
  expect(
    await losses((shown) => {
      shown.entries = chain(['a', 'b', 'x', 'y']);
    }),
  ).toEqual(['entry 3 is another one now']);
});

test('a witness finds a chain that does not hold together', async () => {
  const [first, ...rest] = chain(['a', 'b', 'c', 'd']);
  expect(
    await losses((shown) => {
      shown.entries = [...(first === undefined ? [] : [{ ...first, leaf: 'z' }]), ...rest];
    }),
  ).toEqual(['entry 1 is another one now', 'the hash of entry 1 does not cover the one before it and its leaf']);
});

test('a witness finds a total that fell', async () => {
  expect(
    await losses((shown) => {
      shown.applied = 2;
    }),
  ).toEqual(['applied fell from 3 to 2', 'settled fell from 3 to 2']);
});
