import type { ContractBundle } from '../core/contract/bundle.ts';
import type { EntityDriver } from '../core/system/entity-driver.ts';
import { compileMapping, type Mapping } from '../core/mapping/mapping.ts';

/** Makes the driver of one entity. `externalIdField` is given for a target. */
export type DriverFactory = (
  system: ContractBundle['source'],
  entity: string,
  externalIdField?: string,
) => EntityDriver;

/**
 * Contracts this process already holds, so that the store sends one only when it is out of date. A lossy hint: the
 * store's answer always says which version rules.
 */
export type ContractCache = {
  readonly get: (sync: string) => ContractBundle | undefined;
  readonly set: (sync: string, bundle: ContractBundle) => void;
};

/** A contract ready for use: mapping compiled, drivers made. */
export type Prepared = {
  readonly bundle: ContractBundle;
  readonly mapping: Mapping;
  readonly source: EntityDriver;
  readonly target: EntityDriver;
};

type Answer = { readonly contractVersion: string; readonly contract: ContractBundle | null };

/**
 * Takes the contract of a store's answer: the one it sent, or the one held when that is the version it names.
 *
 * @throws when the answer names a version that it neither sent nor we hold: a bug of the store
 */
export const takeContract = (cache: ContractCache, sync: string, answer: Answer): ContractBundle => {
  if (answer.contract !== null) {
    cache.set(sync, answer.contract);
    return answer.contract;
  }
  const held = cache.get(sync);
  if (held?.version === answer.contractVersion) return held;
  throw new Error(
    `Cannot use the contract of sync "${sync}": the store names version ${answer.contractVersion} and did not send it`,
  );
};

/** Makes the drivers and compiles the mapping of a contract. */
export const prepare = (bundle: ContractBundle, driver: DriverFactory): Prepared => ({
  bundle,
  mapping: compileMapping(bundle.sync),
  source: driver(bundle.source, bundle.sync.source.entity),
  target: driver(bundle.target, bundle.sync.target.entity, bundle.sync.target.externalIdField),
});
