import { REQUEST_BYTES_MAX } from '../../core/protocol/cycle-routes.ts';

/** What bounds one server. Times in milliseconds unless the name says otherwise. */
export type ServerLimits = {
  readonly requestBytesMax: number;
  /** From the first byte of a request to its last: a client that trickles is cut off. */
  readonly requestTimeoutMs: number;
  readonly headersTimeoutMs: number;
  /** How often the two times above are looked at: Node does so every 30 s by itself. */
  readonly timeoutCheckMs: number;
  /** Longer than the idle time of common load balancers (60 s), so that it is they who close a connection. */
  readonly keepAliveTimeoutMs: number;
  readonly connectionsMax: number;
  /** A database that takes longer than this to answer a ping is not ready. */
  readonly readyTimeoutMs: number;
  /** What `Retry-After` says on every 503. */
  readonly retryAfterSeconds: number;
};

export const serverLimits: ServerLimits = {
  requestBytesMax: REQUEST_BYTES_MAX,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  timeoutCheckMs: 5000,
  keepAliveTimeoutMs: 65_000,
  connectionsMax: 2000,
  readyTimeoutMs: 2000,
  retryAfterSeconds: 2,
};
