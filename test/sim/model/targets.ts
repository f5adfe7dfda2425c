import type { ContractBundle } from '../../../src/core/contract/bundle.ts';
import type { TargetRecord, Work } from './state.ts';

/** Names the record of one target by the source's ID. */
export const targetKey = ({ sync, target }: ContractBundle, externalId: string): string =>
  JSON.stringify([target.name, sync.target.entity, sync.target.externalIdField, externalId]);

/** The target record, made at first sight. */
export const targetOf = ({ state }: Work, bundle: ContractBundle, externalId: string): TargetRecord => {
  const key = targetKey(bundle, externalId);
  const before = state.targets.get(key);
  if (before !== undefined) return before;
  const { entity, externalIdField: field } = bundle.sync.target;
  const empty = { targetId: null, applied: null, drifted: false, intent: null, fence: 0 };
  const made = { system: bundle.target.name, entity, field, externalId, ...empty };
  state.targets.set(key, made);
  return made;
};
