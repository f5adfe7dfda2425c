/** What one poll of a Zap brought. */
export type PollReport =
  | {
      readonly kind: 'polled';
      /** Items in the answer. */
      readonly returned: number;
      /** Items whose key was never seen. */
      readonly fresh: number;
      /** Runs started, duplicates by fault included; 0 when they were held. */
      readonly started: number;
      readonly held: number;
    }
  | { readonly kind: 'throttled'; readonly retryAtMs: number; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };
