import type { Chance } from './chance.ts';

type Action = () => void | Promise<void>;
type Event = { readonly atMs: number; readonly tie: number; readonly place: number; readonly action: Action };

/** Virtual time: nothing happens but by an event of its queue, and what an event sets off is over before the next. */
export type Scheduler = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Runs the action so many milliseconds later; of two at one time, chance says which is first. */
  readonly after: (delayMs: number, action: Action) => void;
  /** Events so far. */
  readonly turns: () => number;
  /** Runs events until time has reached `untilMs`, or `isOver` says so after a turn. */
  readonly run: (untilMs: number, isOver: () => boolean) => Promise<void>;
};

const isBefore = (a: Event, b: Event): boolean =>
  a.atMs !== b.atMs ? a.atMs < b.atMs : a.tie !== b.tie ? a.tie < b.tie : a.place < b.place;

/** A binary heap. */
const createQueue = () => {
  const heap: Event[] = [];
  const at = (index: number): Event => {
    const event = heap[index];
    if (event === undefined) throw new RangeError(`Cannot read event ${index} of ${heap.length}`);
    return event;
  };
  const swap = (a: number, b: number): void => {
    const kept = at(a);
    heap[a] = at(b);
    heap[b] = kept;
  };
  const push = (event: Event): void => {
    heap.push(event);
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!isBefore(at(child), at(parent))) break;
      swap(child, parent);
      child = parent;
    }
  };
  const sink = (): void => {
    for (let parent = 0; ;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && isBefore(at(child), at(least))) least = child;
      }
      if (least === parent) return;
      swap(parent, least);
      parent = least;
    }
  };
  const pop = (): Event | undefined => {
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    sink();
    return first;
  };
  return { push, pop, peek: (): Event | undefined => heap[0] };
};

/**
 * Node empties the whole queue of promise reactions before it runs the next immediate, so that when this resolves,
 * everything that an event set off has come to rest: it waits for a later event. Real timers and I/O, which alone could
 * come in between, exist in no party but the embedded store, whose operations are awaited as one event.
 */
const quiescence = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

export const createScheduler = (startMs: number, chance: Chance): Scheduler => {
  const queue = createQueue();
  let nowMs = startMs;
  let place = 0;
  let turns = 0;
  return {
    now: () => nowMs,
    after: (delayMs, action) => {
      place += 1;
      queue.push({ atMs: nowMs + Math.max(0, Math.floor(delayMs)), tie: chance.next(), place, action });
    },
    turns: () => turns,
    run: async (untilMs, isOver) => {
      for (;;) {
        const next = queue.peek();
        if (next === undefined || next.atMs > untilMs || isOver()) break;
        queue.pop();
        nowMs = next.atMs;
        turns += 1;
        await next.action();
        await quiescence();
      }
      if (!isOver()) nowMs = Math.max(nowMs, untilMs);
    },
  };
};
