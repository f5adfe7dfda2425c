import type { JsonObject } from '../../src/core/json.ts';
import type { FindReply, FoundRecord, WriteReply, WriteRequest } from '../../src/core/system/entity-driver.ts';
import type { Chance } from './chance.ts';
import type { Shape } from './shape.ts';

export type TargetRecord = { readonly id: string; readonly body: JsonObject };

export type Target = {
  readonly find: (field: string, values: readonly string[]) => FindReply;
  readonly write: (request: WriteRequest) => WriteReply;
  /** The action of another app, which finds the record by its external ID and is done at once. */
  readonly upsert: (externalId: string, fields: JsonObject) => string;
  readonly records: () => readonly TargetRecord[];
  readonly isUp: () => boolean;
  readonly setUp: (up: boolean) => void;
  /** Somebody edits or deletes a record by hand. */
  readonly drift: (chance: Chance) => void;
};

/** Told of every effect: what the record holds from now on. */
export type OnEffect = (record: TargetRecord) => void;

const text = (body: JsonObject, member: string): string => {
  const value = body[member];
  return typeof value === 'string' ? value : '';
};

/** An API that holds records and, without native upsert, does not mind two with one external ID. */
export const createTarget = (shape: Shape, onEffect: OnEffect): Target => {
  const records = new Map<string, JsonObject>();
  let made = 0;
  let up = true;

  const put = (id: string, fields: JsonObject): void => {
    const body = { ...records.get(id), ...fields };
    records.set(id, body);
    onEffect({ id, body });
  };

  const create = (fields: JsonObject): string => {
    made += 1;
    const id = `t-${made}`;
    put(id, fields);
    return id;
  };

  const found = (field: string, values: readonly string[]): FoundRecord[] =>
    [...records].filter(([, body]) => values.includes(text(body, field))).map(([id, body]) => ({ id, body }));

  const upsert = (externalId: string, fields: JsonObject): string => {
    const [existing] = found('externalId', [externalId]);
    if (existing === undefined) return create({ ...fields, externalId });
    put(existing.id, fields);
    return existing.id;
  };

  const drift = (chance: Chance): void => {
    const ids = [...records.keys()];
    const id = ids[chance.int(0, ids.length - 1)];
    if (id === undefined) return;
    if (chance.happens(0.3)) records.delete(id);
    else records.set(id, { ...records.get(id), name: `by hand ${chance.int(1, 1000)}` });
  };

  return {
    isUp: () => up,
    setUp: (isUp) => {
      up = isUp;
    },
    drift,
    records: () => [...records].map(([id, body]) => ({ id, body })),
    find: (field, values) => ({
      kind: 'found',
      byValue: Map.groupBy(found(field, values), ({ body }) => text(body, field)),
    }),
    upsert,
    write: (request) => {
      if (request.kind === 'create') return { kind: 'written', targetId: create(request.fields), created: true };
      if (request.kind === 'upsert') {
        if (!shape.nativeUpsert) throw new Error('Cannot upsert: this target has none of its own');
        const before = records.size;
        const targetId = upsert(request.externalId, request.fields);
        return { kind: 'written', targetId, created: records.size > before };
      }
      if (!records.has(request.targetId)) return { kind: 'missing' };
      put(request.targetId, request.fields);
      return { kind: 'written', targetId: request.targetId, created: false };
    },
  };
};
