import type { Command } from 'commander';

/** Options of every command that asks a running store. */
export type StoreOptions = { readonly url?: string; readonly json?: boolean };

/** Adds the options by which a command finds the store and says how it prints. */
export const ofStore = (command: Command): Command =>
  command
    .option('--url <url>', 'the running store (default: TIDEMARK_URL); the key is read from TIDEMARK_KEY')
    .option('--json', 'print JSON');
