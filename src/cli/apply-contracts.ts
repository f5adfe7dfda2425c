import type { Environment } from '../core/contract/name.ts';
import type { StorePort } from '../core/protocol/store-port.ts';
import type { CheckedContracts } from './check-contracts.ts';
import { CliFailure } from './cli-failure.ts';

export type Applied = {
  readonly file: string;
  readonly kind: 'system' | 'sync';
  readonly name: string;
  readonly version: number;
  readonly changed: boolean;
};

type Contracts = CheckedContracts['contracts'];

const ticketFor = (contracts: Contracts, given: string | undefined): string => {
  const tickets = new Set(contracts.flatMap((one) => (one.kind === 'sync' ? [one.contract.ticket] : [])));
  const [only] = tickets;
  if (given !== undefined) return given;
  if (tickets.size === 1 && only !== undefined) return only;
  throw new CliFailure(
    'Every change carries a ticket, and a system contract does not name its own. Give one with --ticket',
    2,
  );
};

const refuseOthers = (contracts: Contracts, environment: Environment): void => {
  const other = contracts.find((one) => one.contract.environment !== environment);
  if (other === undefined) return;
  throw new CliFailure(
    `${other.file} is for ${other.contract.environment}, and the key in TIDEMARK_KEY is of ${environment}. Nothing was applied. Use an admin key of ${other.contract.environment}`,
  );
};

/**
 * Applies contracts to a running store: systems first, since a sync is refused without its systems. The same again
 * changes nothing, so what was interrupted is simply run again.
 *
 * @param ticket of the systems; without it that of the syncs, when they name the same one
 */
export const applyContracts = async (
  client: StorePort,
  contracts: Contracts,
  ticket: string | undefined,
): Promise<Applied[]> => {
  const hasSystems = contracts.some((one) => one.kind === 'system');
  const systemTicket = hasSystems ? ticketFor(contracts, ticket) : '';
  refuseOthers(contracts, (await client.me({}, {})).environment);
  const applied: Applied[] = [];
  for (const one of contracts) {
    if (one.kind !== 'system') continue;
    const reply = await client.applySystem(
      { system: one.contract.name },
      { contract: one.contract, ticket: systemTicket },
    );
    applied.push({ file: one.file, kind: 'system', name: one.contract.name, ...reply });
  }
  for (const one of contracts) {
    if (one.kind !== 'sync') continue;
    const reply = await client.applySync({ sync: one.contract.name }, { contract: one.contract });
    applied.push({ file: one.file, kind: 'sync', name: one.contract.name, ...reply });
  }
  return applied;
};
