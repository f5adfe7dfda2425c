import { z } from 'zod';
import { isRecord } from './record.ts';

/** What Zapier does with an error. Anything but the named classes stops the run as errored. */
export type ErrorEffect = 'errored' | 'halted' | 'expired_auth' | 'refresh_auth' | 'throttled';

export type ErrorOutcome = {
  readonly kind: 'error';
  readonly effect: ErrorEffect;
  /** The error's class name as it left the handler, such as `AppError` or `HaltedError`. */
  readonly name: string;
  /** The whole message as it left the handler, with what core appended to it. */
  readonly message: string;
  /** What a user reads in the Zap's history. */
  readonly shown: string;
  readonly code: string | null;
  readonly status: number | null;
  /** Seconds a ThrottledError asks to wait; null where it names none. */
  readonly delaySeconds: number | null;
};

/** How one invocation ended. Failures are data: the stand-in throws only for bugs. */
export type Outcome =
  | { readonly kind: 'success'; readonly results: unknown }
  | { readonly kind: 'callback'; readonly results: unknown }
  | ErrorOutcome
  | { readonly kind: 'timed_out'; readonly afterMs: number }
  | { readonly kind: 'killed'; readonly detail: string };

export type Rejection = { readonly name: string; readonly message: string };

/**
 * Reads a rejection of the handler as Zapier's backend does: by the name of the error's class.
 * AppError and ThrottledError carry JSON in their message.
 *
 * @param textMaxChars characters of the error that a user gets to see
 * Source: zapier-platform-core 19.1.0, src/errors.js and src/middleware.js.
 */
export const readRejection = (rejection: Rejection, textMaxChars: number): ErrorOutcome => {
  const { name, message } = rejection;
  const details = detailsOf(name, message);
  return {
    kind: 'error',
    effect: effectByName[name] ?? 'errored',
    name,
    message,
    shown: (details.message ?? withoutAppendix(message)).slice(0, textMaxChars),
    code: details.code ?? null,
    status: details.status ?? null,
    delaySeconds: details.delay ?? null,
  };
};

/** The text a user reads for an outcome that is no success. */
export const describeFailure = (outcome: Exclude<Outcome, { kind: 'success' | 'callback' }>): string => {
  switch (outcome.kind) {
    case 'error':
      return outcome.shown;
    case 'timed_out':
      return 'The app did not respond in-time. It may or may not have completed successfully.';
    case 'killed':
      return `Process exited before completing request: ${outcome.detail}`;
  }
};

const effectByName: Readonly<Record<string, ErrorEffect>> = {
  HaltedError: 'halted',
  ExpiredAuthError: 'expired_auth',
  RefreshAuthError: 'refresh_auth',
  ThrottledError: 'throttled',
};

const errorDetails = z.object({
  message: z.string().optional().catch(undefined),
  code: z.string().nullish().catch(undefined),
  status: z.number().nullish().catch(undefined),
  delay: z.number().nullish().catch(undefined),
});

const namesWithJson: ReadonlySet<string> = new Set(['AppError', 'ThrottledError', 'ResponseError']);

const detailsOf = (name: string, message: string): z.infer<typeof errorDetails> => {
  if (!namesWithJson.has(name)) return {};
  const parsed = parseJson(message);
  return isRecord(parsed) ? errorDetails.parse(parsed) : {};
};

/** An app may give an error class of its own one of these names, so a message that is no JSON is no bug. */
const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** Core appends the bundle and the console's lines to most errors; users see the first part. */
const withoutAppendix = (message: string): string => {
  const appendixAt = message.search(/\n(?:What happened:|\nConsole logs:)/);
  return appendixAt === -1 ? message : message.slice(0, appendixAt);
};
