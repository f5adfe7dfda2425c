import { checkTypes } from './check-types.ts';
import { type ContractProblem, show } from './contract-problem.ts';
import { canReadChanges, type RestEntity } from './rest/entity.ts';
import type { SyncContract } from './sync-contract.ts';
import type { SystemContract } from './system-contract.ts';

/** Undefined for an entity of another driver, and for a name that the system has none of. */
const restEntityOf = (system: SystemContract, name: string): RestEntity | undefined =>
  system.driver === 'rest' ? new Map(Object.entries(system.entities)).get(name) : undefined;

/** A PUT takes away what it does not name, and what the target owns is left out of an update. */
const checkOwners = (sync: SyncContract, target: SystemContract): ContractProblem[] => {
  const entity = restEntityOf(target, sync.target.entity);
  if (entity === undefined) return [];
  const { write, requests } = entity;
  const own = write.mode === 'upsert' ? (requests.upsert ?? requests.upsertMany) : requests.update;
  const method = own?.method ?? (write.mode === 'upsert' ? write.method : write.updateMethod);
  // Of a table only the cells are written that are given, whatever the method.
  if (method !== 'PUT' || entity.rowsAre === 'table') return [];
  return sync.fields.flatMap((field, index) =>
    field.owner === 'target'
      ? [
          {
            path: `fields.${index}.owner`,
            message: `is target, and system "${target.name}" updates with PUT, which would clear the field`,
            value: show(field.target),
            remedy: 'Let the entity be written with PATCH, where the system can, or leave owner out',
          },
        ]
      : [],
  );
};

/** Checks what only the three together can show: entities that exist, a source that can be read, one environment. */
export const checkBundle = (sync: SyncContract, source: SystemContract, target: SystemContract): ContractProblem[] => {
  const problems: ContractProblem[] = checkTypes(sync, target);
  for (const [side, system] of [
    ['source', source],
    ['target', target],
  ] as const) {
    const { entity } = sync[side];
    if (!Object.hasOwn(system.entities, entity)) {
      problems.push({
        path: `${side}.entity`,
        message: `is not an entity of system "${system.name}"`,
        value: show(entity),
        remedy: `Use one of: ${Object.keys(system.entities).join(', ')}`,
      });
    }
    if (system.environment !== sync.environment) {
      problems.push({
        path: 'environment',
        message: `differs from that of system "${system.name}" (${system.environment})`,
        value: show(sync.environment),
        remedy: 'Use systems of the same environment',
      });
    }
  }
  problems.push(...checkOwners(sync, target));
  const entity = restEntityOf(source, sync.source.entity);
  if (entity !== undefined && !canReadChanges(entity)) {
    problems.push({
      path: 'source.entity',
      message: `has no sinceParam in system "${source.name}", so its changes cannot be read`,
      value: show(sync.source.entity),
      remedy: 'Give the entity a sinceParam, or {since} in requests.list',
    });
  }
  if (entity !== undefined && entity.indexLagSeconds > sync.read.overlapSeconds) {
    problems.push({
      path: 'read.overlapSeconds',
      message: `is less than the ${entity.indexLagSeconds} s by which lists of system "${source.name}" may lag`,
      value: show(sync.read.overlapSeconds),
      remedy: `Use at least ${entity.indexLagSeconds}`,
    });
  }
  if (entity !== undefined && entity.resolutionSeconds > sync.read.resolutionSeconds) {
    problems.push({
      path: 'read.resolutionSeconds',
      message: `is less than the ${entity.resolutionSeconds} s to which system "${source.name}" rounds its times`,
      value: show(sync.read.resolutionSeconds),
      remedy: `Use at least ${entity.resolutionSeconds}`,
    });
  }
  return problems;
};
