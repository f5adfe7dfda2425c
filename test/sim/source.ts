import { instantFromMs, parseInstant } from '../../src/core/instant.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type {
  FindReply,
  FoundRecord,
  PageReply,
  PageRequest,
  SystemRecord,
} from '../../src/core/system/entity-driver.ts';
import type { Chance } from './chance.ts';
import type { Faults } from './swarm.ts';
import type { Shape } from './shape.ts';

/** One state of a source record. The mapped fields are the same as in the source, but for the names of ID and time. */
export type RowVersion = {
  readonly id: string;
  /** From 1, in the order in which the source made them. */
  readonly index: number;
  readonly updatedAt: string;
  /** When the source's API begins to show it. */
  readonly visibleAtMs: number;
  /** Null for a record that was deleted. */
  readonly fields: { readonly name: string | null; readonly note: string | null } | null;
};

export type Source = {
  readonly readPage: (request: PageRequest) => PageReply;
  readonly readByIds: (ids: readonly string[]) => FindReply;
  readonly toRecord: (body: JsonObject) => SystemRecord | undefined;
  /** Makes one change: a new record, a new state of one, or a deletion. */
  readonly change: () => void;
  /** The state of each record that the API shows now; deleted ones are left out. */
  readonly visible: () => readonly RowVersion[];
  readonly versionsOf: (id: string) => readonly RowVersion[];
  /** Whether there is a state that the API does not show yet. */
  readonly hasHidden: () => boolean;
};

const WRONG_BY_MS = 70 * 365 * 24 * 3_600_000;

type Token = { readonly at: string; readonly id: string; readonly inclusive: boolean };

const bodyOf = (row: RowVersion): JsonObject => ({ id: row.id, updatedAt: row.updatedAt, ...row.fields });

const toRecord = (body: JsonObject): SystemRecord | undefined => {
  const updatedAt = parseInstant(body['updatedAt']);
  const { id } = body;
  return typeof id === 'string' && updatedAt !== undefined ? { id, updatedAt, body } : undefined;
};

const compare = (a: RowVersion, b: RowVersion): number =>
  a.updatedAt === b.updatedAt ? (a.id < b.id ? -1 : 1) : a.updatedAt < b.updatedAt ? -1 : 1;

const isTrue = (value: unknown): boolean => value === true;

const readToken = (text: string): Token => {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null) throw new TypeError(`Cannot read token ${text}`);
  const member = (name: string): unknown => Reflect.get(parsed, name);
  return { at: String(member('at')), id: String(member('id')), inclusive: isTrue(member('inclusive')) };
};

type World = { readonly now: () => number; readonly chance: Chance; readonly faults: Faults; readonly shape: Shape };

/**
 * An API over records that change: sorted by update time, read by key. Its timestamps are coarse, its clock is off, and
 * what it commits shows up late, within what A8 and A9 allow.
 */
export const createSource = ({ now, chance, faults, shape }: World): Source => {
  const rows = new Map<string, RowVersion[]>();
  let made = 0;
  let texts = 0;

  const shown = (versions: readonly RowVersion[]): RowVersion | undefined =>
    versions.findLast(({ visibleAtMs }) => visibleAtMs <= now());

  const visible = (): RowVersion[] =>
    [...rows.values()].flatMap((versions) => {
      const row = shown(versions);
      return row === undefined || row.fields === null ? [] : [row];
    });

  const text = (): string => {
    texts += 1;
    return `text ${texts}`;
  };

  const write = (id: string, before: RowVersion | undefined, fields: RowVersion['fields']): void => {
    const clockMs = now() + shape.skewMs;
    // One at a time: of several pages dated beyond the bound only the first is read.
    const areWrong = [...rows.values()].some((all) => (all.at(-1)?.updatedAt ?? '') > instantFromMs(clockMs));
    const isWrong = shape.datesWrong && !areWrong && chance.happens(0.1);
    const cutMs = clockMs - (clockMs % shape.granularityMs) + (isWrong ? WRONG_BY_MS : 0);
    const lateMs = shape.lateMsMax > 0 && chance.happens(0.4) ? chance.int(0, shape.lateMsMax) : 0;
    const versions = rows.get(id) ?? [];
    versions.push({
      id,
      index: versions.length + 1,
      updatedAt: instantFromMs(cutMs),
      visibleAtMs: Math.max(now() + lateMs, before?.visibleAtMs ?? 0),
      fields,
    });
    rows.set(id, versions);
  };

  /** Another state: mostly a new text, now and then the one before the last, the same once more, or an invalid one. */
  const nextFields = (versions: readonly RowVersion[]): RowVersion['fields'] => {
    if (chance.happens(shape.invalidShare)) return { name: null, note: text() };
    const kind = chance.next();
    const last = versions.at(-1)?.fields ?? null;
    const previous = versions.at(-2)?.fields ?? null;
    if (kind < shape.revertShare && previous !== null) return previous;
    if (kind < shape.revertShare + 0.1 && last !== null) return last;
    return { name: text(), note: chance.happens(0.5) ? text() : null };
  };

  const create = (): void => {
    made += 1;
    // IDs do not ascend with time: in a tie a later record may come first.
    const id = `p-${String((made * 7919) % 100_000).padStart(5, '0')}`;
    write(id, undefined, nextFields([]));
  };

  const change = (): void => {
    const ids = [...rows.keys()];
    if (ids.length < shape.rows || (ids.length < shape.rows * 3 && chance.happens(0.1))) {
      create();
      return;
    }
    const id = ids[chance.int(0, ids.length - 1)] ?? '';
    const versions = rows.get(id) ?? [];
    const last = versions.at(-1);
    if (last === undefined || last.fields === null) create();
    else write(id, last, chance.happens(0.03) ? null : nextFields(versions));
  };

  const readPage = ({ since, token, pageSize }: PageRequest): PageReply => {
    if (token !== null && faults.strikes('sourceForgetsTokens')) {
      const reason = 'Cannot read: status 410, the token has expired';
      return { kind: 'failed', failure: { kind: 'rejected', status: 410, reason } };
    }
    const place = token === null ? undefined : readToken(token);
    const after = (row: RowVersion): boolean => {
      if (place === undefined) return since === null || row.updatedAt >= since;
      if (row.updatedAt !== place.at) return row.updatedAt > place.at;
      return place.inclusive ? row.id >= place.id : row.id > place.id;
    };
    const sorted = visible().filter(after).toSorted(compare);
    const size = faults.strikes('sourceClampsPages') ? Math.max(2, Math.floor(pageSize / 2)) : pageSize;
    const taken = sorted.slice(0, size);
    const last = taken.at(-1);
    if (last === undefined || taken.length === sorted.length) {
      return {
        kind: 'page',
        records: taken.flatMap((row) => toRecord(bodyOf(row)) ?? []),
        unusable: [],
        nextToken: null,
      };
    }
    const inclusive = taken.length > 1 && faults.strikes('sourceRepeatsRows');
    const next: Token = { at: last.updatedAt, id: last.id, inclusive };
    const again = token !== null && faults.strikes('sourceGivesTokenTwice');
    return {
      kind: 'page',
      records: taken.flatMap((row) => toRecord(bodyOf(row)) ?? []),
      unusable: [],
      nextToken: again ? token : JSON.stringify(next),
    };
  };

  const readByIds = (ids: readonly string[]): FindReply => {
    const found = visible().filter(({ id }) => ids.includes(id));
    const byValue = new Map<string, FoundRecord[]>(found.map((row) => [row.id, [{ id: row.id, body: bodyOf(row) }]]));
    return { kind: 'found', byValue };
  };

  return {
    readPage,
    readByIds,
    toRecord,
    change,
    visible,
    versionsOf: (id) => rows.get(id) ?? [],
    hasHidden: () => [...rows.values()].some((versions) => versions.some(({ visibleAtMs }) => visibleAtMs > now())),
  };
};
