import type { ContractBundle } from '../../../src/core/contract/bundle.ts';
import type { TargetRecord, Work } from './state.ts';

/** Names the record of one target by the source's ID. */
export const targetKey = ({ sync, target }: ContractBundle, externalId: string): string =>
  JSON.stringify([target.name, sync.target.entity, sync.target.externalIdField, externalId]);

/** The target record as it is, or as it is made at first sight. */
export const findTarget = ({ state }: Work, bundle: ContractBundle, externalId: string): TargetRecord => {
  const { entity, externalIdField: field } = bundle.sync.target;
  const empty = { targetId: null, applied: null, drifted: false, intent: null, fence: 0 };
  return (
    state.targets.get(targetKey(bundle, externalId)) ?? {
      system: bundle.target.name,
      entity,
      field,
      externalId,
      ...empty,
    }
  );
};

/** The target record, kept from now on. */
export const targetOf = (work: Work, bundle: ContractBundle, externalId: string): TargetRecord => {
  const target = findTarget(work, bundle, externalId);
  work.state.targets.set(targetKey(bundle, externalId), target);
  return target;
};
