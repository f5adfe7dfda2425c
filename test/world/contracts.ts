import { syncContract, type SyncContract } from '../../src/core/contract/sync-contract.ts';
import { systemContract } from '../../src/core/contract/system-contract.ts';
import type { StorePort } from '../../src/core/protocol/store-port.ts';

const rest = { sinceParam: 'since', paging: { style: 'keyset' }, idField: 'id', updatedAtField: 'updatedAt' };

const sourceSystem = systemContract.parse({
  tidemark: 'system/v1',
  name: 'source-system',
  environment: 'pilot',
  driver: 'rest',
  baseUrl: 'https://source.example.com',
  entities: { people: { ...rest, path: 'people' } },
});

const targetSystem = systemContract.parse({
  tidemark: 'system/v1',
  name: 'target-system',
  environment: 'pilot',
  driver: 'rest',
  baseUrl: 'https://target.example.com',
  entities: { contacts: { ...rest, path: 'contacts' } },
});

export const syncNamed = (change: object = {}): SyncContract =>
  syncContract.parse({
    tidemark: 'sync/v1',
    name: 'people-to-contacts',
    environment: 'pilot',
    owner: 'ops@example.com',
    ticket: 'OPS-1',
    source: { system: 'source-system', entity: 'people' },
    target: { system: 'target-system', entity: 'contacts', externalIdField: 'externalId' },
    fields: [
      { target: 'name', source: 'name', required: true },
      { target: 'email', source: 'email', sensitive: true },
      { target: 'amount', source: 'amount', type: 'number' },
    ],
    read: { overlapSeconds: 60 },
    delivery: { acknowledgeWithinSeconds: 60 },
    reconcile: { windowHours: 24, settleSeconds: 0 },
    ...change,
  });

/** Makes the source one that orders its changes by a sequence. */
export const applySequenceSource = async (port: StorePort): Promise<void> => {
  const people = { ...rest, path: 'people', timestamp: 'sequence' };
  const contract = systemContract.parse({ ...sourceSystem, entities: { people } });
  await port.applySystem({ system: 'source-system' }, { contract, ticket: 'OPS-2' });
};

/** Stores the three contracts. */
export const applyContracts = async (port: StorePort, sync: SyncContract = syncNamed()): Promise<void> => {
  await port.applySystem({ system: 'source-system' }, { contract: sourceSystem, ticket: 'OPS-1' });
  await port.applySystem({ system: 'target-system' }, { contract: targetSystem, ticket: 'OPS-1' });
  await port.applySync({ sync: sync.name }, { contract: sync });
};
