import type { ZObject } from 'zapier-platform-core';
import { StoreError } from '../core/protocol/store-error.ts';
import type { SystemFailure } from '../core/system/failure.ts';
import type { UpsertResult } from '../engine/upsert.ts';
import { InputError } from './input.ts';
import { errorMessage } from './message.ts';

/** How long a step that is to be tried again waits at most. */
const WAIT_SECONDS_MAX = 3600;
const WAIT_SECONDS_MIN = 5;

/** Why a step ends, by what Zapier is to do with its run. */
export type Outcome =
  /** The connection is marked as expired, and its runs are held until the user connects again. */
  | { readonly kind: 'reconnect'; readonly message: string }
  /** The run is halted: no replay, and it does not count towards switching the Zap off. */
  | { readonly kind: 'halt'; readonly message: string }
  /** The step is run again after some seconds. */
  | { readonly kind: 'wait'; readonly message: string; readonly seconds: number }
  /** The run is errored, and replayed where the user has that switched on. */
  | { readonly kind: 'error'; readonly message: string; readonly code: string; readonly status: number };

/** Ends a step with an outcome that was decided already. */
export class StepError extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super(outcome.message);
    this.name = 'StepError';
    this.outcome = outcome;
  }
}

// The engine speaks of seconds between tries; many Zaps that are told the same number come back as one herd.
const waitSeconds = (afterMs: number, random: number): number => {
  const asked = Math.min(WAIT_SECONDS_MAX, Math.max(WAIT_SECONDS_MIN, Math.ceil(afterMs / 1000)));
  return asked + Math.floor(random * Math.min(60, asked));
};

// A null next step: the store, or its client, says itself what to do.
const fromStore = ({ kind, message }: StoreError, action: string, connecting: boolean): Outcome => {
  const error = (status: number, nextStep: string | null): Outcome => ({
    kind: 'error',
    message: errorMessage(action, message, nextStep),
    code: kind,
    status,
  });
  switch (kind) {
    case 'unauthenticated':
      return connecting ? error(401, null) : { kind: 'reconnect', message: errorMessage(action, message, null) };
    case 'forbidden':
      return error(403, 'Use a connection whose key has one of these roles');
    case 'not_found':
      return error(404, null);
    case 'conflict':
      return error(409, null);
    case 'invalid_request':
    case 'too_large':
      return error(400, connecting ? null : 'Correct the fields of this step');
    case 'fenced':
      return error(503, 'Nothing is lost: another run took over and goes on');
    case 'unreachable':
      return error(503, null);
    case 'unavailable':
    case 'internal':
      return error(503, 'Nothing is lost: it is tried again with the next run');
  }
};

/** What a failure of a read of a source or target means for a step that has nothing to show. */
export const fromSystem = (failure: SystemFailure, action: string, random: number): Outcome => {
  const { reason } = failure;
  const error = (code: string, status: number, nextStep: string | null): Outcome => ({
    kind: 'error',
    message: errorMessage(action, reason, nextStep),
    code,
    status,
  });
  switch (failure.kind) {
    case 'throttled':
      return {
        kind: 'wait',
        message: errorMessage(action, reason, 'It is tried again by itself'),
        seconds: waitSeconds(failure.retryAfterMs, random),
      };
    case 'unavailable':
    case 'malformed':
    case 'unknown':
      return error('retry', 503, 'Nothing is lost. It is tried again with the next run');
    case 'unauthorized':
      return error('system_unauthorized', 403, null);
    case 'rejected':
      return error('system_rejected', 400, 'Correct the contract of that system');
  }
};

/** What an upsert that did not succeed means for its step. */
export const fromUpsert = (
  result: Exclude<UpsertResult, { kind: 'done' }>,
  action: string,
  random: number,
): Outcome => {
  switch (result.kind) {
    case 'rejected':
      return {
        kind: 'halt',
        message: errorMessage(
          action,
          result.reason,
          'It is a dead letter now: correct the record in its source, or replay it',
        ),
      };
    case 'retry':
      return {
        kind: 'wait',
        message: errorMessage(action, result.reason, 'It is tried again by itself'),
        seconds: waitSeconds(result.afterMs, random),
      };
    case 'refused':
      return fromStore(new StoreError(result.code, result.reason), action, false);
  }
};

// The text of an unforeseen error may quote what it failed on, and a bundle is minified: its place is what helps.
const placeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'of unknown kind';
  const place = /([\w.-]+:\d+:\d+)\)?\s*$/m.exec(error.stack ?? '')?.[1];
  return place === undefined ? error.name : `${error.name} at ${place}`;
};

/**
 * Decides what anything that was thrown means for the run.
 *
 * @param action     what was tried, as it goes after "Cannot"
 * @param connecting true while the user makes the connection
 */
export const outcomeOf = (error: unknown, action: string, connecting: boolean): Outcome => {
  if (error instanceof StepError) return error.outcome;
  if (error instanceof StoreError) return fromStore(error, action, connecting);
  if (error instanceof InputError) {
    return {
      kind: 'error',
      message: errorMessage(action, error.message, error.nextStep),
      code: 'invalid_input',
      status: 400,
    };
  }
  return {
    kind: 'error',
    message: errorMessage(action, `a defect in Tidemark (${placeOf(error)})`, 'Report this message; nothing is lost'),
    code: 'defect',
    status: 500,
  };
};

// Core appends the input data, record values among them, and all console lines to an error that lacks this mark.
// Source: zapier-platform-core 19.1.0, src/middleware.js and src/tools/create-lambda-handler.js.
const withoutContext = (error: Error): Error => Object.assign(error, { doNotContextify: true });

/** The one place that knows what Zapier does with an exception. */
export const toZapierError = (z: Pick<ZObject, 'errors'>, outcome: Outcome): Error => {
  switch (outcome.kind) {
    case 'reconnect':
      return withoutContext(new z.errors.ExpiredAuthError(outcome.message));
    case 'halt':
      return withoutContext(new z.errors.HaltedError(outcome.message));
    case 'wait':
      return new z.errors.ThrottledError(outcome.message, outcome.seconds);
    case 'error':
      return new z.errors.Error(outcome.message, outcome.code, outcome.status);
  }
};
