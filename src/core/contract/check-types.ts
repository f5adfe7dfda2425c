import { type ContractProblem, show } from './contract-problem.ts';
import type { SyncContract } from './sync-contract.ts';
import type { SystemContract } from './system-contract.ts';

/** Finds fields of a sync that have no type on a target whose properties are typed: they could not be written. */
export const checkTypes = (sync: SyncContract, target: SystemContract): ContractProblem[] => {
  if (target.driver !== 'rest') return [];
  const codec = new Map(Object.entries(target.entities)).get(sync.target.entity)?.codec;
  if (codec === undefined) return [];
  const places = sync.fields.map(({ target: name }, index) => ({ path: `fields.${index}.target`, name }));
  return [{ path: 'target.externalIdField', name: sync.target.externalIdField }, ...places]
    .filter(({ name }) => !Object.hasOwn(codec.types, name))
    .map(({ path, name }) => ({
      path,
      message: `has no type in the codec of entity "${sync.target.entity}" of system "${target.name}"`,
      value: show(name),
      remedy: 'Give its type under codec.types of that entity',
    }));
};
