import { sql } from 'kysely';
import { toBase64 } from '../../core/evidence/base64.ts';
import { formatInclusionFile } from '../../core/evidence/inclusion-file.ts';
import type { Hash } from '../../core/evidence/merkle-hash.ts';
import {
  consistencyRanges,
  inclusionRanges,
  type LeafRange,
  rangeHash,
  rangeNodes,
  type TreeNode,
} from '../../core/evidence/proof-ranges.ts';
import { rootOfHashes, tileOf, TILE_WIDTH } from '../../core/evidence/tile.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { isShownTo } from './evidence-table.ts';
import type { Operations } from './operations.ts';
import { getTreeHead } from './tree-heads-table.ts';
import type { Work } from './work.ts';

/** Hashes of one level of tiles beside each other, from the `first`-th of that level on. */
type Run = { readonly level: number; readonly first: number; readonly count: number };

const runOf = (node: TreeNode, size: number): Run => {
  const { tile, from, to } = tileOf(node, size);
  return { level: tile.level, first: tile.index * TILE_WIDTH + from, count: to - from };
};

/** The hashes of runs, in their order. One statement, and at most 128 rows for each run. */
const readRuns = async (work: Work, runs: readonly Run[]): Promise<readonly (readonly Hash[])[]> => {
  const asked = runs.map((run, place) => ({ ...run, place }));
  const found = await sql<{ place: number; hash: string }>`
    with asked as (
      select * from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as r(
        place integer, level integer, first bigint, count integer)
    )
    select a.place, e.hash, e.sequence as at
    from asked a join evidence e on e.sequence > a.first and e.sequence <= a.first + a.count
    where a.level = 0
    union all
    select a.place, t.hash, t.index
    from asked a join tile_hashes t on t.level = a.level and t.index >= a.first and t.index < a.first + a.count
    where a.level > 0
    order by 1, 3
  `.execute(work.tx);
  const hashes = runs.map((): Hash[] => []);
  for (const { place, hash } of found.rows) hashes[place]?.push(Buffer.from(hash, 'hex'));
  const short = runs.findIndex(({ count }, place) => hashes[place]?.length !== count);
  if (short >= 0) {
    throw new Error(`Cannot prove anything of the ledger: hashes are missing (${JSON.stringify(runs[short])})`);
  }
  return hashes;
};

const keyOf = ({ level, index }: TreeNode): string => `${level}/${index}`;

/** The hashes of ranges of a tree of `size` leaves. One statement. */
const hashesOf = async (work: Work, ranges: readonly LeafRange[], size: number): Promise<readonly Hash[]> => {
  const nodes = ranges.flatMap(rangeNodes);
  const runs = await readRuns(
    work,
    nodes.map((node) => runOf(node, size)),
  );
  const roots = new Map(nodes.map((node, place) => [keyOf(node), rootOfHashes(runs[place] ?? [])]));
  return ranges.map((range) =>
    rangeHash(range, (node) => {
      const root = roots.get(keyOf(node));
      if (root === undefined) throw new Error(`Cannot prove anything of the ledger: node ${keyOf(node)} was not read`);
      return root;
    }),
  );
};

/**
 * An entry that the caller is shown, and the proof that it is under the tree head that was signed last. Three
 * statements; the size of the proof grows with the logarithm of the ledger.
 *
 * @throws StoreError `not_found` for an entry that there is none, or that no signed tree head covers yet
 */
export const proveEntry = async (work: Work, id: string): ReturnType<Operations['proveEntry']> => {
  const entry = await work.tx
    .selectFrom('evidence')
    .select(['sequence', 'leaf'])
    .where('evidence_id', '=', id)
    .where(isShownTo(work.caller))
    .executeTakeFirst();
  if (entry === undefined) {
    throw new StoreError('not_found', `Cannot prove entry ${id}: there is none in ${work.caller.environment}`);
  }
  const { size, note } = await getTreeHead(work);
  const index = entry.sequence - 1;
  if (index >= size) {
    throw new StoreError(
      'not_found',
      `Cannot prove entry ${id} yet: the tree head that was signed last has ${size} leaves, and this one came later. Sign another with tidemark evidence head --sign`,
    );
  }
  const proof = await hashesOf(work, inclusionRanges(index, size), size);
  return { leaf: entry.leaf, index, proof: formatInclusionFile({ index, proof, note }) };
};

/**
 * The proof that the ledger of one size begins with all of an older one. Two statements.
 *
 * @throws StoreError `invalid_request` where the older is the larger, or the ledger is not that large
 */
export const proveGrowth = async (
  work: Work,
  { older, newer }: Parameters<Operations['proveGrowth']>[2],
): ReturnType<Operations['proveGrowth']> => {
  const { size } = await work.tx.selectFrom('evidence_head').select('size').executeTakeFirstOrThrow();
  if (older > newer || newer > size) {
    throw new StoreError(
      'invalid_request',
      `Cannot prove that a ledger of ${newer} leaves begins with one of ${older}: give two sizes in their order, up to ${size}`,
    );
  }
  const proof = await hashesOf(work, consistencyRanges(older, newer), newer);
  return { proof: proof.map(toBase64) };
};
