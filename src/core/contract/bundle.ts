import { z } from 'zod';
import { digestText } from '../digest.ts';
import { type SyncContract, syncContract } from './sync-contract.ts';
import { type SystemContract, systemContract } from './system-contract.ts';

/**
 * A sync with the two systems it joins, as the store hands it out in one piece.
 *
 * `version` names the contents of all three: it changes when any of them does, so a caller that holds one can
 * say which, and is sent the rest only when it is out of date.
 */
export const contractBundle = z.object({
  version: z.string().min(1),
  sync: syncContract,
  source: systemContract,
  target: systemContract,
});

export type ContractBundle = z.infer<typeof contractBundle>;

const DIGEST_CHARS = 12;

/** A contract with its number in the store. */
type Numbered<C> = { readonly version: number; readonly contract: C };

/**
 * Joins the three contracts. The digest makes a version name its contents also across stores: a caller may hold one of a
 * store that was rebuilt.
 */
export const bundleOf = (
  sync: Numbered<SyncContract>,
  source: Numbered<SystemContract>,
  target: Numbered<SystemContract>,
): ContractBundle => {
  const contents = { sync: sync.contract, source: source.contract, target: target.contract };
  const numbers = `${sync.version}.${source.version}.${target.version}`;
  const version = `${numbers}-${digestText(JSON.stringify(contents)).slice(0, DIGEST_CHARS)}`;
  return { version, ...contents };
};

/** The bundle for a caller that holds version `known`: null for the contract when that is still the current one. */
export const contractFor = (
  bundle: ContractBundle,
  known: string | null,
): { contractVersion: string; contract: ContractBundle | null } => ({
  contractVersion: bundle.version,
  contract: bundle.version === known ? null : bundle,
});

/** What a sync reads and writes: with other ends it is another sync, and the checkpoints of this one say nothing of it. */
export const endsOf = ({ source, target }: SyncContract): string =>
  `${source.system} ${source.entity} to ${target.system} ${target.entity} by ${target.externalIdField}`;
