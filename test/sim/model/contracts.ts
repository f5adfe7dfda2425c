import { bundleOf, type ContractBundle, endsOf } from '../../../src/core/contract/bundle.ts';
import { checkContract } from '../../../src/core/contract/check.ts';
import { checkBundle } from '../../../src/core/contract/check-bundle.ts';
import type { ContractProblem } from '../../../src/core/contract/contract-problem.ts';
import type { SyncContract } from '../../../src/core/contract/sync-contract.ts';
import { digestText } from '../../../src/core/digest.ts';
import { StoreError } from '../../../src/core/protocol/store-error.ts';
import { appendEvidence } from './evidence.ts';
import type { Operation } from './operation.ts';
import { found, type State, type Work } from './state.ts';

const refuse = (what: string, problems: readonly ContractProblem[]): StoreError =>
  new StoreError('invalid_request', `Cannot apply ${what}: ${problems.map(({ path }) => path).join('; ')}`);

const unknownSync = ({ environment }: Work, name: string): StoreError =>
  new StoreError(
    'not_found',
    `Cannot find sync "${name}" in ${environment}: check its name, or apply its contract with "tidemark contract apply"`,
  );

export const currentBundle = (work: Work, name: string): ContractBundle => {
  const bundle = work.state.bundles.get(name);
  if (bundle === undefined) throw unknownSync(work, name);
  return bundle;
};

export const getSync: Operation<'getSync'> = (work, { sync }) => currentBundle(work, sync);

const checkEnvironment = (
  { environment }: Work,
  contract: { readonly name: string; readonly environment: string },
  name: string,
): void => {
  if (contract.name !== name) {
    throw new StoreError('invalid_request', `Cannot apply contract "${contract.name}" under the name "${name}"`);
  }
  if (contract.environment !== environment) {
    throw new StoreError('forbidden', `Cannot apply contract "${name}" of ${contract.environment}`);
  }
};

const joined = (state: State, sync: { version: number; contract: SyncContract }): ContractBundle => {
  const { source, target, name } = sync.contract;
  const [read, written] = [source.system, target.system].map((system) => {
    const numbered = state.systems.get(system);
    if (numbered === undefined) throw new StoreError('not_found', `Cannot find system "${system}"`);
    return numbered;
  });
  const systems = { source: found(read, 'source'), target: found(written, 'target') };
  const problems = checkBundle(sync.contract, systems.source.contract, systems.target.contract);
  if (problems.length > 0) throw refuse(`sync "${name}"`, problems);
  return bundleOf(sync, systems.source, systems.target);
};

const put = (state: State, bundle: ContractBundle): void => {
  state.bundles.set(bundle.sync.name, bundle);
  state.mappedBy.set(bundle.version, bundle.sync);
};

type Stored = { readonly kind: 'system' | 'sync'; readonly name: string; readonly ticket: string };

const recordApplied = (work: Work, { kind, name, ticket }: Stored, version: number, text: string): void => {
  const body = { kind, name, version, ticket, digest: digestText(text), by: work.keyId };
  appendEvidence(work, { kind: 'contract_applied', sync: kind === 'sync' ? name : null, body });
};

export const applySystem: Operation<'applySystem'> = (work, { system: name }, { contract, ticket }) => {
  const { state } = work;
  checkEnvironment(work, contract, name);
  const checked = checkContract(contract);
  if (checked.kind === 'problems') throw refuse(`system "${name}"`, checked.problems);
  const text = JSON.stringify(contract);
  const before = state.systems.get(name);
  if (before?.text === text) return { version: before.version, changed: false };
  const version = (before?.version ?? 0) + 1;
  const after = { ...state, systems: new Map(state.systems).set(name, { version, contract, text }) };
  const using = [...state.syncs.values()].filter(
    ({ contract: sync }) => sync.source.system === name || sync.target.system === name,
  );
  const bundles = using.map((sync) => joined(after, sync));
  state.systems.set(name, { version, contract, text });
  for (const bundle of bundles) put(state, bundle);
  recordApplied(work, { kind: 'system', name, ticket }, version, text);
  return { version, changed: true };
};

const refuseOtherEnds = ({ state }: Work, contract: SyncContract): void => {
  const before = state.syncs.get(contract.name);
  if (before === undefined || endsOf(before.contract) === endsOf(contract)) return;
  throw new StoreError('conflict', `Cannot apply sync "${contract.name}": it goes from ${endsOf(before.contract)}`);
};

const refuseSharedKey = ({ state }: Work, { name, source, target }: SyncContract): void => {
  const other = [...state.syncs.values()].find(
    ({ contract: one }) =>
      one.name !== name &&
      one.target.system === target.system &&
      one.target.entity === target.entity &&
      one.target.externalIdField === target.externalIdField &&
      (one.source.system !== source.system || one.source.entity !== source.entity),
  );
  if (other === undefined) return;
  throw new StoreError('conflict', `Cannot apply sync "${name}": sync "${other.contract.name}" writes the same field`);
};

export const applySync: Operation<'applySync'> = (work, { sync: name }, { contract }) => {
  const { state } = work;
  checkEnvironment(work, contract, name);
  const checked = checkContract(contract);
  if (checked.kind === 'problems') throw refuse(`sync "${name}"`, checked.problems);
  refuseOtherEnds(work, contract);
  refuseSharedKey(work, contract);
  const text = JSON.stringify(contract);
  const before = state.syncs.get(name);
  if (before?.text === text) return { version: before.version, changed: false };
  const version = (before?.version ?? 0) + 1;
  const bundle = joined(state, { version, contract });
  state.syncs.set(name, { version, contract, text });
  put(state, bundle);
  recordApplied(work, { kind: 'sync', name, ticket: contract.ticket }, version, text);
  return { version, changed: true };
};

const isBefore = (a: string, b: string): -1 | 1 => (a < b ? -1 : 1);

export const listSyncs: Operation<'listSyncs'> = ({ state }) => ({
  syncs: [...state.bundles.values()]
    .map(({ sync, source, target }) => ({
      name: sync.name,
      title: sync.title ?? sync.name,
      source: `${source.name} ${sync.source.entity}`,
      target: `${target.name} ${sync.target.entity}`,
      streams: [...state.streams.values()]
        .filter((stream) => stream.sync === sync.name)
        .map((stream) => stream.name)
        .toSorted(isBefore),
    }))
    .toSorted((a, b) => isBefore(a.name, b.name)),
});
