import { createHash } from 'node:crypto';
import type { PageReply, PageRequest } from '../../src/core/system/entity-driver.ts';
import type { InspectedObligation, Inspection, Position, SimStore } from './sim-store.ts';
import type { RowVersion, Source } from './source.ts';
import type { Answer, StoreRequest } from './store-server.ts';
import type { TargetRecord } from './target.ts';
import { ATTEMPTS_MAX } from './shape.ts';

export type Violation = { readonly guarantee: string; readonly what: string };

/**
 * Judges every turn by what the source, the target and the store's tables hold. Nothing in here calls the engine or the
 * core: what both got wrong alike would otherwise look right.
 */
export type Auditor = {
  /** The source's answer reached a call of the app. */
  readonly onPage: (callId: number, request: PageRequest, reply: PageReply) => void;
  readonly onEffect: (record: TargetRecord) => void;
  /** The target, or another app, refused a record as it is. */
  readonly onRefused: (externalId: string) => void;
  readonly afterOperation: (request: StoreRequest, answer: Answer, callId: number) => Promise<void>;
  readonly violated: (guarantee: string, what: string) => void;
  readonly violation: () => Violation | undefined;
  /** What keeps both sides from agreeing with everything settled; undefined when they do. */
  readonly disagreement: () => string | undefined;
  readonly hasDeadLetters: () => boolean;
  /** Whether every record of the source is such that it can be written, and was. */
  readonly areAllWritten: () => boolean;
};

type Ports = {
  readonly store: SimStore;
  readonly source: Source;
  readonly targetRecords: () => readonly TargetRecord[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** The clocks of the store's processes agree to about this (A15). */
const CLOCKS_DIFFER_MS_MAX = 1000;

type Fields = { readonly name: string | null; readonly note: string | null };

const digestOf = ({ name, note }: Fields): string =>
  createHash('sha256')
    .update(`{"name":${JSON.stringify(name)},"note":${JSON.stringify(note)}}`)
    .digest('hex');

const contentOf = ({ name, note }: Fields): string => `${name ?? ''}|${note ?? ''}`;

const keyOf = (externalId: string, updatedAt: string, digest: string): string => `${externalId}/${updatedAt}/${digest}`;

const keyOfObligation = (one: InspectedObligation): string => keyOf(one.externalId, one.updatedAt, one.digest);

const isAfter = (a: Position, b: Position): boolean =>
  a.updatedAt === b.updatedAt ? a.id > b.id : a.updatedAt > b.updatedAt;

const isUnsettled = (state: string): boolean => state === 'open' || state === 'held';

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** A page as the app was given it. */
type ShownPage = {
  readonly rows: readonly RowVersion[];
  readonly token: string | null;
  readonly nextToken: string | null;
};

/** The states that the target went through for one external ID. */
type Written = {
  /** The oldest source version that the last write can have been, given those before it. */
  index: number;
  content: string;
  readonly contents: Set<string>;
};

const fieldsOf = (body: TargetRecord['body']): Fields => ({ name: textOf(body['name']), note: textOf(body['note']) });

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

export const createAuditor = ({ store, source, targetRecords, now: nowMs }: Ports): Auditor => {
  let violation: Violation | undefined;
  const lastPage = new Map<number, ShownPage>();
  /** Pages that were recorded, by `call/number`. */
  const recorded = new Map<string, ShownPage>();
  const written = new Map<string, Written>();
  const refused = new Set<string>();
  let states = new Map<string, InspectedObligation>();
  let last: Inspection = { fetched: null, committed: null, startAt: null, obligations: [] };
  let furthestShown: Position | null = null;

  const violated = (guarantee: string, what: string): void => {
    violation ??= { guarantee, what };
  };

  /** The source versions that an obligation may stand for: several when a state came back within one tick. */
  const versionsOf = ({ externalId, updatedAt, digest }: InspectedObligation): RowVersion[] =>
    source
      .versionsOf(externalId)
      .filter((row) => row.fields !== null && row.updatedAt === updatedAt && digestOf(row.fields) === digest);

  const indexesOf = (one: InspectedObligation): number[] => versionsOf(one).map(({ index }) => index);

  const onPage: Auditor['onPage'] = (callId, request, reply) => {
    if (reply.kind === 'failed') return;
    const rows = reply.records.map(({ id, updatedAt, body }): RowVersion => {
      return { id, index: 0, updatedAt, visibleAtMs: 0, fields: fieldsOf(body) };
    });
    for (const { id, updatedAt } of rows) {
      const here = { id, updatedAt };
      if (furthestShown === null || isAfter(here, furthestShown)) furthestShown = here;
    }
    lastPage.set(callId, { rows, token: request.token, nextToken: reply.nextToken });
  };

  const onEffect: Auditor['onEffect'] = ({ body }) => {
    const externalId = textOf(body['externalId']);
    if (externalId === null) {
      violated('G2', 'a target record was written without its external ID');
      return;
    }
    const copies = targetRecords().filter((one) => one.body['externalId'] === externalId).length;
    if (copies > 1) violated('G2', `${copies} target records have the external ID ${externalId}`);
    const content = contentOf(fieldsOf(body));
    const before = written.get(externalId) ?? { index: 0, content: '', contents: new Set() };
    const versions = source
      .versionsOf(externalId)
      .filter(({ fields }) => fields !== null && contentOf(fields) === content);
    const next = versions.find(({ index }) => index >= before.index);
    if (next === undefined) {
      violated('G3', `${externalId} went from version ${before.index} or later to "${content}", which is older`);
      return;
    }
    before.index = next.index;
    before.content = content;
    before.contents.add(content);
    written.set(externalId, before);
  };

  /** The page that is recorded: the last that the call was given, for it asks for no other before it has an answer. */
  const pageOf = (number: unknown, callId: number): ShownPage | undefined => {
    const key = `${callId}/${String(number)}`;
    const page = recorded.get(key) ?? lastPage.get(callId);
    if (page !== undefined) recorded.set(key, page);
    return page;
  };

  /** What a page shows is the last of its update time: no other state of that time is to be written after it. */
  const checkLastSeen = ({ id, updatedAt, fields }: RowVersion): void => {
    const seen = fields === null ? undefined : states.get(keyOf(id, updatedAt, digestOf(fields)));
    if (seen === undefined) return;
    for (const one of states.values()) {
      const isLater = one.externalId === id && one.updatedAt === updatedAt && one.sequence > seen.sequence;
      if (isLater && isUnsettled(one.state) && !one.isInFlight) {
        violated('G1', `${id} as of ${updatedAt} was seen in one state, and is yet to be written in an earlier one`);
      }
    }
  };

  const onPageRecorded = (request: StoreRequest, callId: number): void => {
    const number = memberOf(request.body, 'page');
    const isFirst = !recorded.has(`${callId}/${String(number)}`);
    const page = pageOf(number, callId);
    if (page === undefined) {
      violated('G1', `page ${String(number)} of call ${callId} was recorded, and the source gave none`);
      return;
    }
    const before = typeof number === 'number' ? recorded.get(`${callId}/${number - 1}`) : undefined;
    if (isFirst) for (const row of page.rows) checkLastSeen(row);
    if (before !== undefined && page.token !== before.nextToken) {
      violated('G1', `page ${String(number)} of call ${callId} is recorded, and the one before it leads elsewhere`);
    }
    for (const { id, updatedAt, fields } of page.rows) {
      if (fields === null || (last.startAt !== null && updatedAt < last.startAt)) continue;
      if (!states.has(keyOf(id, updatedAt, digestOf(fields)))) {
        violated('G1', `${id} as of ${updatedAt} stood on page ${String(number)}, which is recorded, and is nowhere`);
      }
    }
  };

  const checkSettled = (one: InspectedObligation): void => {
    const oldest = Math.min(...indexesOf(one));
    const target = written.get(one.externalId);
    switch (one.state) {
      case 'applied':
      case 'unchanged': {
        const fields = versionsOf(one)[0]?.fields ?? null;
        const content = fields === null ? '' : contentOf(fields);
        if (target === undefined || (target.index < oldest && !target.contents.has(content))) {
          violated('G1', `${one.externalId} as of ${one.updatedAt} is ${one.state}, and never reached the target`);
        }
        // It was found there, now: that something else was written since is what nobody may have forgotten.
        if (one.state === 'unchanged' && target !== undefined && target.content !== content) {
          violated(
            'G1',
            `${one.externalId} as of ${one.updatedAt} is unchanged, and the target holds "${target.content}"`,
          );
        }
        return;
      }
      case 'superseded': {
        const isOnTarget = target !== undefined && target.index > oldest;
        const isNewer = (other: InspectedObligation): boolean =>
          other.externalId === one.externalId && other !== one && Math.max(...indexesOf(other)) > oldest;
        if (!isOnTarget && ![...states.values()].some(isNewer)) {
          violated('G1', `${one.externalId} as of ${one.updatedAt} is superseded, and no newer version is known`);
        }
        return;
      }
      case 'dead_lettered':
        if (one.attempts < ATTEMPTS_MAX && !refused.has(one.externalId)) {
          violated('G1', `${one.externalId} was given up on after ${one.attempts} deliveries, and nothing refused it`);
        }
        return;
      default:
        if (!isUnsettled(one.state)) violated('G1', `${one.externalId} is in the unknown state ${one.state}`);
    }
  };

  const checkCheckpoint = (now: Inspection, { name }: StoreRequest, settledAny: boolean): void => {
    if ((now.fetched?.updatedAt ?? '') > new Date(nowMs() + CLOCKS_DIFFER_MS_MAX).toISOString()) {
      violated('G4', `fetched ${now.fetched?.updatedAt ?? ''} vouches for changes that are still to come`);
    }
    const { committed } = now;
    if (committed === null) return;
    const passed = now.obligations.find(
      (one) => isUnsettled(one.state) && !isAfter({ updatedAt: one.updatedAt, id: one.externalId }, committed),
    );
    if (passed !== undefined) {
      violated(
        'G4',
        `committed ${committed.updatedAt} ${committed.id} passed ${passed.externalId}, which is ${passed.state}`,
      );
    }
    if (now.fetched === null || isAfter(committed, now.fetched)) {
      violated(
        'G4',
        `committed ${committed.updatedAt} ${committed.id} is beyond ${now.fetched?.updatedAt ?? 'nothing'}, up to which was read`,
      );
    }
    if (now.fetched !== null && (furthestShown === null || isAfter(now.fetched, furthestShown))) {
      violated('G4', `fetched ${now.fetched.updatedAt} ${now.fetched.id} is beyond everything that the source gave`);
    }
    const moved = last.committed === null || isAfter(committed, last.committed);
    if (moved && name !== 'recordPage' && !settledAny) {
      violated('G4', `committed moved by ${name}, which settled nothing`);
    }
  };

  /** Two of one record on their way at once could arrive in either order. */
  const checkInFlight = (now: Inspection): void => {
    const inFlight = new Set<string>();
    for (const { externalId, state, isInFlight } of now.obligations) {
      if (state !== 'open' || !isInFlight) continue;
      if (inFlight.has(externalId)) violated('G3', `two versions of ${externalId} are in flight at once`);
      inFlight.add(externalId);
    }
  };

  const afterOperation: Auditor['afterOperation'] = async (request, answer, callId) => {
    const now = await store.inspect();
    const before = states;
    states = new Map(now.obligations.map((one) => [keyOfObligation(one), one]));
    for (const key of before.keys()) if (!states.has(key)) violated('G1', `${key} was known and is nowhere`);
    let settledAny = false;
    for (const [key, one] of states) {
      const was = before.get(key);
      if (was?.state === one.state) continue;
      if (was !== undefined && isUnsettled(was.state) && !isUnsettled(one.state)) settledAny = true;
      if (indexesOf(one).length === 0) violated('G1', `${key} is an obligation, and the source never showed it`);
      checkSettled(one);
    }
    checkCheckpoint(now, request, settledAny);
    if (request.name === 'emit') checkInFlight(now);
    last = now;
    if (request.name === 'recordPage' && answer.kind === 'reply') onPageRecorded(request, callId);
  };

  const isWanted = ({ updatedAt }: RowVersion): boolean => last.startAt === null || updatedAt >= last.startAt;

  /** What keeps a source record and its target from agreeing. */
  const disagreementOn = (row: RowVersion, copies: readonly TargetRecord[]): string | undefined => {
    const { id, updatedAt, fields } = row;
    if (fields === null || !isWanted(row)) return undefined;
    const state = states.get(keyOf(id, updatedAt, digestOf(fields)))?.state;
    if (state === undefined) return `${id} as of ${updatedAt} was never read`;
    if (fields.name === null) return state === 'held' ? undefined : `${id} breaks the contract and is ${state}`;
    const [only] = copies;
    if (only === undefined || copies.length > 1) return `${id} is ${copies.length} times on the target`;
    const content = contentOf(fieldsOf(only.body));
    if (content === contentOf(fields)) return undefined;
    if (state === 'dead_lettered') {
      // It may have come there by another way, which closed its dead letter, and have been tampered with since: that is
      // for reconciliation to report, which repairs nothing that was given up on.
      return written.get(id)?.content === contentOf(fields)
        ? undefined
        : `${id} as of ${updatedAt} is a dead letter, whatever is replayed`;
    }
    return `${id} is "${content}" on the target, and "${contentOf(fields)}" in the source`;
  };

  const disagreement = (): string | undefined => {
    if (source.hasHidden()) return 'the source still hides a change';
    const open = last.obligations.find(({ state }) => state === 'open');
    if (open !== undefined) {
      return `${open.externalId} as of ${open.updatedAt} is open after ${open.attempts} deliveries`;
    }
    const byId = Map.groupBy(targetRecords(), ({ body }) => textOf(body['externalId']) ?? '');
    for (const row of source.visible()) {
      const found = disagreementOn(row, byId.get(row.id) ?? []);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  const areAllWritten = (): boolean =>
    source.visible().every((row) => {
      const { id, updatedAt, fields } = row;
      if (fields === null || fields.name === null || !isWanted(row)) return false;
      return states.get(keyOf(id, updatedAt, digestOf(fields)))?.state !== 'dead_lettered';
    });

  const hasDeadLetters = (): boolean => last.obligations.some(({ state }) => state === 'dead_lettered');

  const onRefused: Auditor['onRefused'] = (externalId) => {
    refused.add(externalId);
  };

  return {
    areAllWritten,
    hasDeadLetters,
    onPage,
    onEffect,
    onRefused,
    afterOperation,
    violated,
    violation: () => violation,
    disagreement,
  };
};
