/** Something to do at an instant or after it. */
export type Job = { readonly dueAtMs: number; readonly perform: () => Promise<void> };

export type DueQueue = {
  readonly push: (job: Job) => void;
  /** Takes the earliest job that is due; among equals the one pushed first. Null where none is due. */
  readonly takeDue: (nowMs: number) => Job | null;
  /** When the earliest job is due, or null where there is none. */
  readonly nextDueAtMs: () => number | null;
  readonly size: () => number;
  /** Resolves at the next push. */
  readonly pushed: () => Promise<void>;
};

type Entry = { readonly job: Job; readonly sequence: number };

/** A queue ordered by time: a binary heap, since a benchmark keeps ten thousand runs in it. */
export const createDueQueue = (): DueQueue => {
  const heap: Entry[] = [];
  let sequence = 0;
  let announce: () => void = () => undefined;
  let nextPush = new Promise<void>((resolve) => (announce = resolve));

  return {
    push: (job) => {
      sequence += 1;
      insert(heap, { job, sequence });
      announce();
      nextPush = new Promise<void>((resolve) => (announce = resolve));
    },
    takeDue: (nowMs) => {
      const first = heap[0];
      if (first === undefined || first.job.dueAtMs > nowMs) return null;
      removeFirst(heap);
      return first.job;
    },
    nextDueAtMs: () => heap[0]?.job.dueAtMs ?? null,
    size: () => heap.length,
    pushed: () => nextPush,
  };
};

const isBefore = (left: Entry, right: Entry): boolean =>
  left.job.dueAtMs < right.job.dueAtMs || (left.job.dueAtMs === right.job.dueAtMs && left.sequence < right.sequence);

const insert = (heap: Entry[], entry: Entry): void => {
  let hole = heap.push(entry) - 1;
  while (hole > 0) {
    const parentAt = (hole - 1) >> 1;
    const parent = heap[parentAt];
    if (parent === undefined || isBefore(parent, entry)) break;
    heap[hole] = parent;
    hole = parentAt;
  }
  heap[hole] = entry;
};

const removeFirst = (heap: Entry[]): void => {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let hole = 0;
  for (;;) {
    const childAt = smallerChild(heap, hole);
    const child = heap[childAt];
    if (child === undefined || isBefore(last, child)) break;
    heap[hole] = child;
    hole = childAt;
  }
  heap[hole] = last;
};

/** The place of the smaller child, or a place past the end where there is none. */
const smallerChild = (heap: readonly Entry[], parentAt: number): number => {
  const leftAt = 2 * parentAt + 1;
  const left = heap[leftAt];
  const right = heap[leftAt + 1];
  return left !== undefined && right !== undefined && isBefore(right, left) ? leftAt + 1 : leftAt;
};
