/**
 * The database cannot be opened or reached: wrong folder, no server, wrong password, a disk that does not sync.
 * The message says what to do next and never holds a password.
 */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
}

/** The data folder is open in another process (or twice in this one). Nothing has been read or written. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/** No connection became free within the limit. Nothing has been sent, so the same call may be made again. */
export class DatabaseBusyError extends Error {
  override readonly name = 'DatabaseBusyError';
}

/** A bug of the caller: a second connection was asked for inside a transaction. */
export class NestedConnectionError extends Error {
  override readonly name = 'NestedConnectionError';
}

/** Every allowed attempt of a transaction was rolled back by the database because others were in its way. */
export class TransactionConflictError extends Error {
  override readonly name = 'TransactionConflictError';
}

/** The schema in the database is not one that this program may work on. Nothing has been changed. */
export class SchemaRefusedError extends Error {
  override readonly name = 'SchemaRefusedError';
}
