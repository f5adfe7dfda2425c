/** What of a request had left when it failed. A look-up that comes before a write is `write_before_send`. */
export const phases = ['read', 'write_before_send', 'write_after_send'] as const;
export type Phase = (typeof phases)[number];

/**
 * What is done about a failure.
 *
 * - `retry`: tried again within the call, as far as attempts and time allow; then as `throttle`
 * - `throttle`: left to a later call. Nothing was written
 * - `give_up`: asking again gives the same. The record becomes a dead letter; a read ends with the reason
 * - `read_back`: nobody knows what became of the write, and the system has ended its work on it: look at once
 * - `read_back_later`: the same, but its effect may still be coming: look when it can no longer
 * - `stop`: every other request would fail the same way. Not tried again within the call, and counted by the circuit
 */
export type Disposition = 'retry' | 'throttle' | 'give_up' | 'read_back' | 'read_back_later' | 'stop';

/**
 * How a request can fail.
 *
 * - `rate_limited`: 429. Not executed
 * - `refused_for_now`: 403 with a time to wait, which some APIs send for load. Not executed
 * - `overloaded`: 503 or 529 with a time to wait. May come from a gateway whose system is at work on the request
 * - `credentials`: 401, 403, or a secret that is not set where the code runs
 * - `moved`: a status of 300 to 399 but for the next two; comes before anything is executed
 * - `moved_or_done`: 302, 303; after a write they may also mean "done, look there"
 * - `refused`: any other status of 400 to 499, or nothing was sent because it cannot be asked
 * - `not_taken`: 408, 425; the server tired of waiting for the request, or will not risk that it is a replay
 * - `gateway`: 502, 503, 504, 520 to 527 (Cloudflare's): from what stands before the system
 * - `failed_inside`: 500 and every other status from 500 on: from the system itself, which ends its work with it
 * - `deferred`: 202
 * - `unreadable`: an answer that is not what the API promises, or that leads where no request may go
 * - `no_answer`: the connection failed or timed out
 */
export const faults = [
  'rate_limited',
  'refused_for_now',
  'overloaded',
  'credentials',
  'moved',
  'moved_or_done',
  'refused',
  'not_taken',
  'gateway',
  'failed_inside',
  'deferred',
  'unreadable',
  'no_answer',
] as const;
export type Fault = (typeof faults)[number];

/** The one table from what happened to what is done. `docs/spec.md` shows it, and a test compares the two. */
export const dispositions: Readonly<Record<Fault, Readonly<Record<Phase, Disposition>>>> = {
  rate_limited: { read: 'retry', write_before_send: 'retry', write_after_send: 'retry' },
  refused_for_now: { read: 'retry', write_before_send: 'retry', write_after_send: 'retry' },
  overloaded: { read: 'retry', write_before_send: 'retry', write_after_send: 'read_back_later' },
  credentials: { read: 'stop', write_before_send: 'stop', write_after_send: 'stop' },
  moved: { read: 'give_up', write_before_send: 'throttle', write_after_send: 'give_up' },
  moved_or_done: { read: 'give_up', write_before_send: 'throttle', write_after_send: 'read_back' },
  refused: { read: 'give_up', write_before_send: 'throttle', write_after_send: 'give_up' },
  not_taken: { read: 'retry', write_before_send: 'retry', write_after_send: 'read_back_later' },
  gateway: { read: 'retry', write_before_send: 'retry', write_after_send: 'read_back_later' },
  failed_inside: { read: 'retry', write_before_send: 'retry', write_after_send: 'read_back' },
  deferred: { read: 'retry', write_before_send: 'retry', write_after_send: 'read_back_later' },
  unreadable: { read: 'retry', write_before_send: 'retry', write_after_send: 'read_back' },
  no_answer: { read: 'retry', write_before_send: 'retry', write_after_send: 'read_back_later' },
};
