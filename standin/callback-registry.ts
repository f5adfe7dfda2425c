import { drawName, type Random } from './seeded-random.ts';

export type CallbackReceipt = 'accepted' | 'unknown';

export type CallbackRegistry = {
  /** Makes the ID that goes into an invocation's callback URL. */
  readonly open: () => string;
  /** Ends an ID whose invocation asked for no callback, or whose run is gone. */
  readonly close: (id: string) => void;
  /**
   * Has `resume` called once with the body that is posted to the URL: at once, where it was posted before
   * the invocation had ended.
   */
  readonly await: (id: string, resume: (body: unknown) => void) => void;
  readonly receive: (id: string, body: unknown) => CallbackReceipt;
  /** Callbacks that a run waits for. */
  readonly awaited: () => number;
};

type Entry =
  | { readonly kind: 'open' }
  | { readonly kind: 'early'; readonly body: unknown }
  | { readonly kind: 'awaited'; readonly resume: (body: unknown) => void };

/** The callback URLs of z.generateCallbackUrl. Each resumes its run once; a second post finds nothing. */
export const createCallbackRegistry = (random: Random): CallbackRegistry => {
  const entries = new Map<string, Entry>();
  return {
    open: () => {
      const id = drawName(random);
      entries.set(id, { kind: 'open' });
      return id;
    },
    close: (id) => {
      entries.delete(id);
    },
    await: (id, resume) => {
      const entry = entries.get(id);
      if (entry?.kind === 'early') {
        entries.delete(id);
        resume(entry.body);
      } else {
        entries.set(id, { kind: 'awaited', resume });
      }
    },
    receive: (id, body) => {
      const entry = entries.get(id);
      if (entry === undefined || entry.kind === 'early') return 'unknown';
      if (entry.kind === 'open') {
        entries.set(id, { kind: 'early', body });
        return 'accepted';
      }
      entries.delete(id);
      entry.resume(body);
      return 'accepted';
    },
    awaited: () => [...entries.values()].filter((entry) => entry.kind === 'awaited').length,
  };
};
