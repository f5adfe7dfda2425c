import { drawName, type Random } from './seeded-random.ts';

/** A request to a hook URL, as `bundle.rawRequest` shows it. */
export type HookRequest = {
  readonly method: string;
  readonly querystring: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string;
};

export type HookRegistry = {
  readonly open: (receive: (request: HookRequest) => void) => string;
  readonly close: (id: string) => void;
  /** Whether a Zap that is on listens there. */
  readonly deliver: (id: string, request: HookRequest) => boolean;
};

/** The URLs that instant triggers subscribe with. */
export const createHookRegistry = (random: Random): HookRegistry => {
  const receivers = new Map<string, (request: HookRequest) => void>();
  return {
    open: (receive) => {
      const id = drawName(random);
      receivers.set(id, receive);
      return id;
    },
    close: (id) => {
      receivers.delete(id);
    },
    deliver: (id, request) => {
      const receive = receivers.get(id);
      receive?.(request);
      return receive !== undefined;
    },
  };
};
