import { sql } from 'kysely';
import { bundleOf, contractBundle, type ContractBundle, endsOf } from '../../core/contract/bundle.ts';
import { checkContract } from '../../core/contract/check.ts';
import { checkBundle } from '../../core/contract/check-bundle.ts';
import type { ContractProblem } from '../../core/contract/contract-problem.ts';
import type { SyncContract } from '../../core/contract/sync-contract.ts';
import { syncContract } from '../../core/contract/sync-contract.ts';
import { systemContract, type SystemContract } from '../../core/contract/system-contract.ts';
import { digestText } from '../../core/digest.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import { appendEvidence } from './evidence-table.ts';
import type { Work } from './work.ts';

type Applied = { version: number; changed: boolean };
type Stored = {
  readonly kind: 'system' | 'sync';
  readonly name: string;
  readonly body: string;
  readonly ticket: string;
};

const refuse = (what: string, problems: readonly ContractProblem[]): StoreError =>
  new StoreError(
    'invalid_request',
    `Cannot apply ${what}: ${problems.map(({ path, message, remedy }) => `${path} ${message} (${remedy})`).join('; ')}`,
  );

const latest = async (work: Work, kind: Stored['kind'], name: string) =>
  work.tx
    .selectFrom('contracts')
    .select(['version', 'body', 'body_digest'])
    .where('environment', '=', work.caller.environment)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();

/** Two that apply at once must not both take one version number: the second waits here. */
const lockContracts = (work: Work): Promise<unknown> =>
  sql`select pg_advisory_xact_lock(hashtext(${`tidemark contracts ${work.caller.environment}`}))`.execute(work.tx);

const append = async (work: Work, stored: Stored): Promise<Applied> => {
  const bodyDigest = digestText(stored.body);
  const current = await latest(work, stored.kind, stored.name);
  if (current?.body_digest === bodyDigest) return { version: current.version, changed: false };
  const version = (current?.version ?? 0) + 1;
  await sql`
    insert into contracts (environment, kind, name, version, body, body_digest, ticket, applied_by, applied_at)
    values (${work.caller.environment}, ${stored.kind}, ${stored.name}, ${version}, ${stored.body}::jsonb,
            ${bodyDigest}, ${stored.ticket}, ${work.caller.keyId}, ${work.now})
  `.execute(work.tx);
  return { version, changed: true };
};

const currentSystem = async (work: Work, name: string): Promise<{ version: number; contract: SystemContract }> => {
  const row = await latest(work, 'system', name);
  if (row !== undefined) return { version: row.version, contract: systemContract.parse(row.body) };
  throw new StoreError(
    'not_found',
    `Cannot find system "${name}" in ${work.caller.environment}: apply its contract first`,
  );
};

type NumberedSync = { readonly version: number; readonly contract: SyncContract };

/** A sync contract with the systems of now. */
const joinBundle = async (work: Work, sync: NumberedSync): Promise<ContractBundle> => {
  const { contract } = sync;
  const source = await currentSystem(work, contract.source.system);
  const target = await currentSystem(work, contract.target.system);
  const problems = checkBundle(contract, source.contract, target.contract);
  if (problems.length > 0) throw refuse(`sync "${contract.name}"`, problems);
  return bundleOf(sync, source, target);
};

/** Builds the bundle of a sync anew and stores it. */
const refreshBundle = async (work: Work, sync: NumberedSync): Promise<void> => {
  const { contract } = sync;
  const bundle = await joinBundle(work, sync);
  await sql`
    insert into syncs (environment, name, bundle_version, bundle, source_system, target_system, target_entity, target_field)
    values (${work.caller.environment}, ${contract.name}, ${bundle.version}, ${JSON.stringify(bundle)}::jsonb,
            ${contract.source.system}, ${contract.target.system}, ${contract.target.entity}, ${contract.target.externalIdField})
    on conflict (environment, name) do update
    set bundle_version = excluded.bundle_version, bundle = excluded.bundle, source_system = excluded.source_system,
        target_system = excluded.target_system, target_entity = excluded.target_entity, target_field = excluded.target_field
  `.execute(work.tx);
};

const recordApplied = (work: Work, stored: Stored, version: number): Promise<string> => {
  const { kind, name, body, ticket } = stored;
  const sync = kind === 'sync' ? name : null;
  return appendEvidence(work, {
    kind: 'contract_applied',
    sync,
    body: { kind, name, version, ticket, digest: digestText(body), by: work.caller.keyId },
  });
};

const checkEnvironment = (
  work: Work,
  contract: { readonly name: string; readonly environment: string },
  name: string,
): void => {
  if (contract.name !== name) {
    throw new StoreError(
      'invalid_request',
      `Cannot apply contract "${contract.name}" under the name "${name}": use the same name in both`,
    );
  }
  if (contract.environment !== work.caller.environment) {
    throw new StoreError(
      'forbidden',
      `Cannot apply contract "${name}" of ${contract.environment}: the key is one of ${work.caller.environment}`,
    );
  }
};

/** Stores a system contract and brings every sync that uses it up to date. The same again changes nothing. */
export const applySystem = async (
  work: Work,
  name: string,
  request: { readonly contract: SystemContract; readonly ticket: string },
): Promise<Applied> => {
  checkEnvironment(work, request.contract, name);
  const checked = checkContract(request.contract);
  if (checked.kind === 'problems') throw refuse(`system "${name}"`, checked.problems);
  await lockContracts(work);
  const stored: Stored = { kind: 'system', name, body: JSON.stringify(request.contract), ticket: request.ticket };
  const applied = await append(work, stored);
  if (!applied.changed) return applied;
  const using = await work.tx
    .selectFrom('syncs')
    .select('name')
    .where('environment', '=', work.caller.environment)
    .where((or) => or.or([or('source_system', '=', name), or('target_system', '=', name)]))
    .execute();
  for (const sync of using) {
    const current = await latest(work, 'sync', sync.name);
    if (current !== undefined) {
      await refreshBundle(work, { version: current.version, contract: syncContract.parse(current.body) });
    }
  }
  await recordApplied(work, stored, applied.version);
  return applied;
};

const refuseOtherEnds = async (work: Work, contract: SyncContract): Promise<void> => {
  const before = await latest(work, 'sync', contract.name);
  if (before === undefined) return;
  const was = endsOf(syncContract.parse(before.body));
  if (was === endsOf(contract)) return;
  throw new StoreError(
    'conflict',
    `Cannot apply sync "${contract.name}": it goes from ${was}, and its checkpoints are those of that source and target. Give the new one another name`,
  );
};

/** Two sources that write one external ID field of one entity would overwrite each other's records. */
const refuseSharedKey = async (work: Work, { name, source, target }: SyncContract): Promise<void> => {
  const other = await sql<{ name: string }>`
    select name from syncs
    where environment = ${work.caller.environment} and name <> ${name} and target_system = ${target.system}
      and target_entity = ${target.entity} and target_field = ${target.externalIdField}
      and (source_system, bundle -> 'sync' -> 'source' ->> 'entity') <> (${source.system}, ${source.entity})
    limit 1
  `.execute(work.tx);
  const [found] = other.rows;
  if (found === undefined) return;
  throw new StoreError(
    'conflict',
    `Cannot apply sync "${name}": sync "${found.name}" writes the same external ID field from another source. Give each source a field of its own`,
  );
};

/** Stores a sync contract as its next version. Its systems must be there. The same again changes nothing. */
export const applySync = async (work: Work, name: string, contract: SyncContract): Promise<Applied> => {
  checkEnvironment(work, contract, name);
  const checked = checkContract(contract);
  if (checked.kind === 'problems') throw refuse(`sync "${name}"`, checked.problems);
  await lockContracts(work);
  await refuseOtherEnds(work, contract);
  await refuseSharedKey(work, contract);
  const stored: Stored = { kind: 'sync', name, body: JSON.stringify(contract), ticket: contract.ticket };
  const applied = await append(work, stored);
  if (!applied.changed) return applied;
  await refreshBundle(work, { version: applied.version, contract });
  await recordApplied(work, stored, applied.version);
  return applied;
};

export const unknownSync = (work: Work, name: string): StoreError =>
  new StoreError(
    'not_found',
    `Cannot find sync "${name}" in ${work.caller.environment}: check its name, or apply its contract with "tidemark contract apply"`,
  );

/** The current bundle of a sync. One statement, or two at the first sight of a version. */
export const currentBundle = async (work: Work, name: string): Promise<ContractBundle> => {
  const { environment } = work.caller;
  const row = await work.tx
    .selectFrom('syncs')
    .select('bundle_version')
    .where('environment', '=', environment)
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined) throw unknownSync(work, name);
  const version = row.bundle_version;
  const known = work.bundles.get(environment, name, version);
  if (known !== undefined) return known;
  const { bundle } = await work.tx
    .selectFrom('syncs')
    .select('bundle')
    .where('environment', '=', environment)
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  // Somebody may have applied a newer one in between: what is kept is kept under the version that it names itself.
  const parsed = contractBundle.parse(bundle);
  work.bundles.set(environment, parsed);
  return parsed;
};

/**
 * The sync contract that was part of a bundle; undefined for a version that this store does not have. One statement.
 *
 * @param bundleVersion as `refreshBundle` makes it: the sync's own version, a dot, and more
 */
export const syncContractOf = async (
  work: Work,
  name: string,
  bundleVersion: string,
): Promise<SyncContract | undefined> => {
  const row = await work.tx
    .selectFrom('contracts')
    .select('body')
    .where('environment', '=', work.caller.environment)
    .where('kind', '=', 'sync')
    .where('name', '=', name)
    .where('version', '=', Number.parseInt(bundleVersion, 10))
    .executeTakeFirst();
  return row === undefined ? undefined : syncContract.parse(row.body);
};

/** The bundle of a version of a sync contract and the systems of now. Three statements. */
export const bundleAsOf = async (work: Work, name: string, version: number): Promise<ContractBundle> => {
  const contract = await syncContractOf(work, name, String(version));
  if (contract !== undefined) return joinBundle(work, { version, contract });
  throw new StoreError(
    'not_found',
    `Cannot find version ${version} of sync "${name}" in ${work.caller.environment}: list its checkpoints for the versions they were read under`,
  );
};

export const listSyncs = async (work: Work) => {
  const rows = await sql<{ name: string; bundle: unknown; streams: string[] }>`
    select s.name, s.bundle,
           coalesce((select jsonb_agg(t.name order by t.name) from streams t
                     where t.environment = s.environment and t.sync = s.name), '[]'::jsonb) as streams
    from syncs s where s.environment = ${work.caller.environment} order by s.name
  `.execute(work.tx);
  const syncs = rows.rows.map(({ name, bundle, streams }) => {
    const { sync, source, target } = contractBundle.parse(bundle);
    return {
      name,
      title: sync.title ?? name,
      source: `${source.name} ${sync.source.entity}`,
      target: `${target.name} ${sync.target.entity}`,
      streams,
    };
  });
  return { syncs };
};
