/** How one execution of a step ended, and what the run does next. */
export type StepOutcome =
  | { readonly kind: 'success'; readonly output: unknown; readonly isTask: boolean }
  | { readonly kind: 'filtered' }
  | { readonly kind: 'halted'; readonly message: string }
  | {
      readonly kind: 'errored';
      readonly message: string;
      /** `unknown` marks the steps that may have had their effect: timed out, or killed. */
      readonly effect: 'none_known' | 'unknown';
    }
  | { readonly kind: 'throttled'; readonly message: string; readonly delayMs: number }
  | { readonly kind: 'auth_expired'; readonly message: string }
  | { readonly kind: 'callback'; readonly output: unknown; readonly callbackId: string };
