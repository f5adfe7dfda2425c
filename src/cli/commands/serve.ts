import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { port } from '../option-parsers.ts';
import { DEFAULT_FOLDER, placeOf } from '../store-place.ts';

type ServeOptions = { readonly data?: string; readonly port: number; readonly host: string };

const DEFAULT_PORT = 8400;
const DEFAULT_HOST = '127.0.0.1';

/** `tidemark serve`: the store as a process. */
export const addServeCommand = (program: Command, context: CliContext): void => {
  program
    .command('serve')
    .description('Run the store: its API, on an embedded database or on PostgreSQL (DATABASE_URL)')
    .option('--data <folder>', `folder of the embedded database (default: ${DEFAULT_FOLDER})`)
    .option('--port <port>', 'port to listen on; 0 picks a free one', port, DEFAULT_PORT)
    .option('--host <host>', 'address to listen on', DEFAULT_HOST)
    .addHelpText(
      'after',
      `
Prints one line of JSON when it is ready: {"url":...,"database":...,"version":...}. Its log goes to stderr.
A new store has no API key: make one with "tidemark key create" before it is started.`,
    )
    .action(async (options: ServeOptions) => {
      const place = placeOf(options.data, context.env);
      // Loaded when it is needed: the database engine and the server take longer to load than most commands to run.
      const { serve } = await import('../serve.ts');
      await serve({
        place,
        port: options.port,
        host: options.host,
        logLevel: context.env.logLevel,
        output: context.output,
      });
    });
};
