import { canonicalText, digestText } from '../../../src/core/digest.ts';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from '../../../src/core/evidence/frontier.ts';
import { leafHash } from '../../../src/core/evidence/merkle-hash.ts';
import type { Instant } from '../../../src/core/instant.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import type { Operation } from './operation.ts';
import type { Work } from './state.ts';

type Fact = { readonly kind: string; readonly sync: string | null; readonly body: JsonObject };
type Kept = Fact & { readonly id: string; readonly at: Instant };
export type Facts = Kept[];

/** Stands for an external ID or a digest; the model has no secret to make it under. */
export const pseudonym = (subject: string): string => digestText(`pseudonym of ${subject}`);

/** Keeps a fact; its hash is made when somebody looks, because hardly anybody does. */
export const appendEvidence = ({ state, newId, now }: Work, fact: Fact): string => {
  const id = newId();
  state.facts.push({ ...fact, id, at: now });
  return id;
};

const hexOf = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');

/** Entries of the ledger in order, with size and root of its tree. */
export const listEvidence: Operation<'listEvidence'> = ({ state, environment }, _params, { after, limit }) => {
  const entries = state.facts.map(({ id, kind, sync, at, body }, index) => {
    const leaf = canonicalText({ id, kind, environment, sync, at, body });
    return { sequence: index + 1, id, kind, at, leaf, hash: hexOf(leafHash(leaf)) };
  });
  const shown = entries.filter(({ sequence }) => sequence > after).slice(0, limit);
  const tree = appendLeaves(
    EMPTY_FRONTIER,
    entries.map(({ leaf }) => leafHash(leaf)),
  );
  return { entries: shown, treeSize: entries.length, rootHash: hexOf(frontierRoot(tree)) };
};
