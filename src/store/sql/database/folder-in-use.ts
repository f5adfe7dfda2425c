import { FolderInUseError } from './database-error.ts';
import type { HolderOutcome } from './lock-socket.ts';

/** The refusal that a second opener reads: which folder, who has it, what to do. */
export const folderInUse = (folder: string, holder: HolderOutcome): FolderInUseError => {
  const who =
    holder.kind === 'held' && holder.processId !== undefined ? `process ${holder.processId}` : 'another process';
  return new FolderInUseError(
    `Cannot open data folder "${folder}": ${who} has it open. Stop that process, choose another folder, or set DATABASE_URL to a PostgreSQL server, which several processes may share`,
  );
};
