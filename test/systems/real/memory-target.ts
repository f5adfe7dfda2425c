import { z } from 'zod';
import { createMemoryEntity } from '../../world/memory-entity.ts';
import type { Copies, TargetPlace } from './real-system.ts';

type MemoryTarget = {
  readonly place: TargetPlace;
  readonly copies: () => Promise<Copies>;
  /** Takes a record away, behind the back of whoever wrote it. */
  readonly lose: (externalId: string) => void;
};

const written = z.array(z.object({ externalId: z.string(), name: z.string() }));

/** A target without a server, for journeys that are about their source. It has no upsert and takes any number of copies. */
export const createMemoryTarget = (): MemoryTarget => {
  const { driver, rows } = createMemoryEntity();
  const place: TargetPlace = {
    system: {
      tidemark: 'system/v1',
      name: 'memory',
      environment: 'pilot',
      driver: 'rest',
      baseUrl: 'https://target.example.com',
      entities: { people: { path: 'people', idField: 'id', updatedAtField: 'updatedAt' } },
    },
    entity: 'people',
    externalIdField: 'externalId',
    fields: [{ target: 'name', expression: '{name}' }],
    driver,
  };
  const copies = (): Promise<Copies> => {
    const byId = Map.groupBy(written.parse(rows), ({ externalId }) => externalId);
    return Promise.resolve(new Map([...byId].map(([id, found]) => [id, found.map(({ name }) => name)])));
  };
  const lose = (externalId: string): void => {
    rows.splice(
      rows.findIndex((row) => row['externalId'] === externalId),
      1,
    );
  };
  return { place, copies, lose };
};
