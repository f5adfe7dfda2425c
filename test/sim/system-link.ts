import type {
  EntityDriver,
  FindReply,
  PageReply,
  PageRequest,
  WriteReply,
  WriteRequest,
} from '../../src/core/system/entity-driver.ts';
import type { SystemFailure } from '../../src/core/system/failure.ts';
import type { Chance } from './chance.ts';
import type { Process } from './process.ts';
import type { Scheduler } from './scheduler.ts';
import type { Shape } from './shape.ts';
import type { Source } from './source.ts';
import type { Faults } from './swarm.ts';
import type { Target } from './target.ts';

/** A request that got no answer takes effect within 5 s or never (A12); a second is left for clocks that differ. */
const LATE_EFFECT_MS_MAX = 3900;

type Failed = { readonly kind: 'failed'; readonly failure: SystemFailure };

const failed = (failure: SystemFailure): Failed => ({ kind: 'failed', failure });
const unavailable = (why: string): Failed => failed({ kind: 'unavailable', reason: `Cannot be reached: ${why}` });
const unknown = (answered: boolean, why: string): Failed =>
  failed({ kind: 'unknown', answered, reason: `Cannot tell what became of it: ${why}` });

export type LinkWorld = {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly faults: Faults;
  readonly shape: Shape;
  readonly log: (text: () => string) => void;
};

type Link = {
  readonly throttled: () => Failed;
  readonly latencyMs: () => number;
  /** Asks without an effect: request, answer, and what may befall them. */
  readonly read: <R extends { readonly kind: string }>(what: string, answer: () => R) => Promise<R | Failed>;
  readonly write: (what: string, effect: () => WriteReply) => Promise<WriteReply>;
};

type Side = {
  readonly name: 'source' | 'target';
  readonly isUp: () => boolean;
  readonly setUp: (isUp: boolean) => void;
};

const createLink = (world: LinkWorld, process: Process, { name: side, isUp, setUp }: Side): Link => {
  const { scheduler, chance, faults, shape, log } = world;
  const latencyMs = (): number => chance.int(1, shape.latencyMsMax);
  const throttled = (): Failed => {
    const retryAfterMs = chance.pick([0, 1000, 1000, 5000, 30_000, 120_000]);
    return failed({ kind: 'throttled', retryAfterMs, reason: `Status 429, wait ${retryAfterMs} ms` });
  };

  const reply = async <R>(what: string, delayMs: number, value: () => R): Promise<R> => {
    const given = await process.after(delayMs, value);
    log(() => `${side} -> ${what}: ${JSON.stringify(given instanceof Map ? [...given] : given)}`);
    return given;
  };

  const readFailure = (): Failed | undefined => {
    if (!isUp()) return unavailable('connection refused');
    if (side === 'target') return faults.strikes('targetFindFails') ? unavailable('find failed') : undefined;
    if (faults.strikes('sourceThrottles')) return throttled();
    if (faults.strikes('sourceIsUnavailable')) return unavailable('status 503');
    if (faults.strikes('sourceIsMalformed')) return failed({ kind: 'malformed', reason: 'HTML with status 200' });
    return undefined;
  };

  const read: Link['read'] = async (what, answer) => {
    const failure = readFailure();
    if (failure !== undefined) return reply(what, latencyMs(), () => failure);
    const isSlow = side === 'source' && faults.strikes('sourceIsSlow');
    const delayMs = isSlow ? chance.int(shape.timeoutMs / 2, shape.timeoutMs * 2) : latencyMs() + latencyMs();
    if (delayMs > shape.timeoutMs) return reply(what, shape.timeoutMs, () => unavailable('no answer in time'));
    // The system answers with what it held at that moment, not with what it holds when the answer arrives.
    const box: { answer?: ReturnType<typeof answer> } = {};
    scheduler.after(Math.floor(delayMs / 2), () => {
      box.answer = answer();
    });
    return reply(what, delayMs, () => box.answer ?? answer());
  };

  /** When the effect comes, if at all, and what the caller is told and when. */
  type Course = { readonly effectMs: number | null; readonly answerMs: number; readonly answer: Failed | null };

  const courseOf = (): Course => {
    const there = latencyMs();
    const back = there + latencyMs();
    if (!isUp()) return { effectMs: null, answerMs: there, answer: unavailable('connection refused') };
    if (faults.strikes('targetRefuses')) {
      const reason = 'Cannot write: status 422';
      return { effectMs: null, answerMs: back, answer: failed({ kind: 'rejected', status: 422, reason }) };
    }
    const lateMs = (): number => chance.int(0, LATE_EFFECT_MS_MAX);
    if (faults.strikes('targetThrottles')) return { effectMs: null, answerMs: back, answer: throttled() };
    if (faults.strikes('targetCannotBeReached')) {
      return { effectMs: null, answerMs: there, answer: unavailable('connection refused') };
    }
    if (faults.strikes('targetLosesRequest')) {
      return { effectMs: null, answerMs: shape.timeoutMs, answer: unknown(false, 'no answer in time') };
    }
    if (faults.strikes('targetLosesReply')) {
      const answerMs = chance.pick([shape.timeoutMs, back]);
      return { effectMs: Math.min(there, answerMs), answerMs, answer: unknown(false, 'connection lost') };
    }
    if (faults.strikes('targetActsLate')) {
      const answerMs = chance.pick([shape.timeoutMs, back]);
      return { effectMs: answerMs + lateMs(), answerMs, answer: unknown(false, 'connection lost, still at work') };
    }
    if (faults.strikes('target500BeforeEffect')) {
      return { effectMs: null, answerMs: back, answer: unknown(true, 'status 500') };
    }
    if (faults.strikes('target500AfterEffect')) {
      return { effectMs: there, answerMs: back, answer: unknown(true, 'status 500') };
    }
    if (faults.strikes('targetGatewayFails')) {
      const effectMs = chance.pick([null, there, back + lateMs()]);
      return { effectMs, answerMs: back, answer: unknown(false, 'status 502') };
    }
    if (faults.strikes('targetCutsBody')) {
      return { effectMs: there, answerMs: back, answer: unknown(true, 'cut off') };
    }
    return { effectMs: there, answerMs: back, answer: null };
  };

  /** What is slow to act, or too busy to answer, is likely to break down: while the caller wants to know more of it. */
  const fallOver = (afterMs: number): void => {
    const fromMs = afterMs + chance.int(0, 6000);
    scheduler.after(fromMs, () => {
      setUp(faults.areStopped());
    });
    scheduler.after(fromMs + chance.pick([3000, 20_000, 60_000]), () => {
      setUp(true);
    });
  };

  const write: Link['write'] = (what, effect) => {
    const { effectMs, answerMs, answer } = courseOf();
    if (answer?.failure.kind === 'unknown' && faults.strikes('targetFallsOver')) fallOver(answerMs);
    const box: { written?: WriteReply } = {};
    if (effectMs !== null) {
      scheduler.after(effectMs, () => {
        box.written = effect();
        log(() => `${side} did ${what}: ${JSON.stringify(box.written)}`);
      });
    }
    const hidesId = answer === null && faults.strikes('targetGivesNoId');
    return reply(what, Math.max(answerMs, answer === null ? (effectMs ?? 0) : 0), (): WriteReply => {
      if (answer !== null) return answer;
      const written = box.written ?? effect();
      return written.kind === 'written' && hidesId ? { ...written, targetId: null } : written;
    });
  };

  return { throttled, latencyMs, read, write };
};

const describeWrite = (request: WriteRequest): string =>
  `${request.kind} ${request.kind === 'create' ? '' : request.kind === 'update' ? request.targetId : request.externalId} ${JSON.stringify(request.fields)}`;

/** The source as one process of the app reaches it. */
export const sourceDriver = (
  world: LinkWorld,
  process: Process,
  source: Source,
  onPage: (request: PageRequest, reply: PageReply) => void,
): EntityDriver => {
  const link = createLink(world, process, {
    name: 'source',
    isUp: () => true,
    setUp: () => undefined,
  });
  return {
    pageSize: world.shape.pageSize,
    findBatchMax: world.shape.findBatchMax,
    nativeUpsert: false,
    readPage: async (request) => {
      const reply: PageReply = await link.read(`page ${JSON.stringify(request)}`, () => source.readPage(request));
      onPage(request, reply);
      return reply;
    },
    find: () => Promise.reject(new Error('Cannot look up a source by a field: the engine never does')),
    readByIds: (ids): Promise<FindReply> => link.read(`by ids ${ids.join()}`, () => source.readByIds(ids)),
    toRecord: source.toRecord,
    write: () => Promise.reject(new Error('Cannot write to a source')),
  };
};

/** The target as one process of the app reaches it. */
export const targetDriver = (
  world: LinkWorld,
  process: Process,
  target: Target,
  onRefused: (externalId: string) => void,
): EntityDriver => {
  const link = createLink(world, process, { name: 'target', isUp: target.isUp, setUp: target.setUp });
  return {
    pageSize: world.shape.pageSize,
    findBatchMax: world.shape.findBatchMax,
    nativeUpsert: world.shape.nativeUpsert,
    readPage: () => Promise.reject(new Error('Cannot page through the target: the engine never does')),
    find: (field, values): Promise<FindReply> => link.read(`find ${values.join()}`, () => target.find(field, values)),
    readByIds: (ids): Promise<FindReply> => link.read(`by ids ${ids.join()}`, () => target.find('id', ids)),
    toRecord: () => undefined,
    write: async (request): Promise<WriteReply> => {
      const sent = structuredClone(request);
      const reply = await link.write(describeWrite(sent), () => target.write(sent));
      const isRefused = reply.kind === 'failed' && reply.failure.kind === 'rejected';
      const externalId = sent.fields['externalId'];
      if (isRefused && typeof externalId === 'string') onRefused(externalId);
      return reply;
    },
  };
};
