/**
 * Where a run stands, in Zapier's words where it has one.
 * Open: `queued`, `playing`, `waiting` (throttled), `awaiting_callback`, `replay_scheduled`, `held`.
 * Over: `success`, `filtered`, `halted`, `errored`. A replay by hand opens a halted or errored run again.
 */
export type RunStatus =
  | 'queued'
  | 'playing'
  | 'waiting'
  | 'awaiting_callback'
  | 'replay_scheduled'
  | 'held'
  | 'success'
  | 'filtered'
  | 'halted'
  | 'errored';
