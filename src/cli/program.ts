import { Command } from 'commander';
import type { CliContext } from './cli-context.ts';
import { addCircuitCommands } from './commands/circuits.ts';
import { addContractCommands } from './commands/contract.ts';
import { addDeadLetterCommands } from './commands/dead-letters.ts';
import { addHeldCommands } from './commands/held.ts';
import { addKeyCommands } from './commands/key.ts';
import { addEvidenceCommands } from './commands/evidence.ts';
import { addRecordCommands } from './commands/records.ts';
import { addReplayRangeCommand } from './commands/replay.ts';
import { addStreamCommands } from './commands/stream.ts';
import { addServeCommand } from './commands/serve.ts';
import { addSystemsCommand } from './commands/systems.ts';
import { readVersion } from './version.ts';

const ENVIRONMENT = `
Environment:
  DATABASE_URL           a PostgreSQL server; without it the database is embedded in the data folder
  TIDEMARK_STORE_SECRET  seals records in flight (at least 32 characters); an embedded store makes its own
  TIDEMARK_URL           the running store that commands talk to
  TIDEMARK_KEY           the API key for it
  TIDEMARK_LOG           silent, error, warn, info (default) or debug
`;

/** The whole command line. It throws instead of ending the process. */
export const createProgram = (context: CliContext): Command => {
  const program = new Command('tidemark')
    .description('Provable syncs on Zapier: the store and its tools')
    .version(readVersion())
    .exitOverride()
    .showHelpAfterError('Run it with --help to see how it is used')
    .addHelpText('after', ENVIRONMENT);
  addServeCommand(program, context);
  addKeyCommands(program, context);
  addContractCommands(program, context);
  addSystemsCommand(program, context);
  addStreamCommands(program, context);
  addEvidenceCommands(program, context);
  addDeadLetterCommands(program, context);
  addHeldCommands(program, context);
  addCircuitCommands(program, context);
  addRecordCommands(program, context);
  addReplayRangeCommand(program, context);
  return program;
};
