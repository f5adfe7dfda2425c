import fs from 'node:fs';
import type { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { z } from 'zod';
import { DatabaseUnavailableError } from './database-error.ts';

/** PGlite's file system on a folder, with an fsync that reaches the disk, and what it saw. */
export type DurableFileSystem = {
  readonly fileSystem: NodeFS;
  /** How often the write-ahead log was synced since the file system was made. */
  readonly walSyncs: () => number;
  /** The first failed fsync, if any: from then on the engine must not be used (it spins for ever after its PANIC). */
  readonly failure: () => unknown;
};

/**
 * PGlite 0.5.16 answers fsync with "done" and calls nothing: its NODEFS has no `fsync` operation. This adds one, in the
 * hook that runs before PostgreSQL's main. The place of NODEFS moved between 0.5.14 and 0.5.16, hence the exact pin, the
 * parsing here and the probe at every opening.
 */
export const durableFileSystem = (folder: string): DurableFileSystem => {
  let walSyncs = 0;
  let failure: unknown;

  const fsync = (stream: unknown): number => {
    const { nfd, node } = openStream.parse(stream);
    try {
      fs.fsyncSync(nfd);
    } catch (error) {
      failure ??= error;
      return errnoIo;
    }
    if (walSegmentName.test(node.name)) walSyncs += 1;
    return 0;
  };

  const fileSystem = new NodeFS(folder);
  const init = fileSystem.init.bind(fileSystem);
  fileSystem.init = async (lite: PGlite, options: Parameters<typeof init>[1]) => {
    const { emscriptenOpts } = await init(lite, options);
    const preRun = [...(emscriptenOpts.preRun ?? []), (module: object) => addFsync(module, fsync)];
    return { emscriptenOpts: { ...emscriptenOpts, preRun } };
  };
  return { fileSystem, walSyncs: () => walSyncs, failure: () => failure };
};

const addFsync = (module: object, fsync: (stream: unknown) => number): void => {
  const parsed = moduleWithNodeFs.safeParse(module);
  if (!parsed.success) {
    throw new DatabaseUnavailableError(
      'Cannot open the embedded database: this version of PGlite keeps its file operations elsewhere; install 0.5.16 exactly',
    );
  }
  parsed.data.NODEFS.stream_ops['fsync'] = fsync;
};

// z.custom, not z.object: the very object has to be changed, and z.object would hand back a copy.
const streamOperations = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && 'write' in value,
);
const moduleWithNodeFs = z.object({ NODEFS: z.object({ stream_ops: streamOperations }) });

const openStream = z.object({ nfd: z.number(), node: z.object({ name: z.string() }) });
const walSegmentName = /^[0-9A-F]{24}$/;
/** EIO in WASI's numbering, which is PGlite's; PostgreSQL turns it into a PANIC and the commit is not acknowledged. */
const errnoIo = 29;
