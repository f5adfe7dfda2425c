import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { json, table } from '../output.ts';
import { openClient } from '../store-client.ts';

type Options = { readonly url?: string; readonly json?: boolean };
type CloseOptions = Options & { readonly reason: string };

const list = async (options: Options, { env, output }: CliContext): Promise<void> => {
  const reply = await openClient(options.url, env).listCircuits({}, {});
  if (options.json === true) {
    output.data(json(reply));
    return;
  }
  const rows = reply.circuits.map((one) => [
    one.system,
    one.state,
    one.failures,
    one.openings,
    one.openedAt,
    one.closedAt,
    one.retryAt,
    one.notBefore,
  ]);
  output.data(table(['SYSTEM', 'STATE', 'FAILURES', 'OPENINGS', 'OPENED', 'CLOSED', 'NEXT PROBE', 'NOT BEFORE'], rows));
};

const close = async (system: string, options: CloseOptions, { env, output }: CliContext): Promise<void> => {
  const reply = await openClient(options.url, env).closeCircuit({ system }, { reason: options.reason });
  if (options.json === true) output.data(json(reply));
  else output.note(`The circuit of "${system}" is closed (it was ${reply.before.replace('_', ' ')})`);
};

/** `tidemark circuits list|close`: whether writes go through to target systems. */
export const addCircuitCommands = (program: Command, context: CliContext): void => {
  const circuits = program.command('circuits').description('The circuits before target systems');
  const ofStore = (command: Command): Command =>
    command
      .option('--url <url>', 'the running store (default: TIDEMARK_URL); the key is read from TIDEMARK_KEY')
      .option('--json', 'print JSON');
  ofStore(circuits.command('list'))
    .description('List the circuits that were ever needed')
    .action((options: Options) => list(options, context));
  ofStore(circuits.command('close'))
    .description('Let writes through to a system again at once (an operator)')
    .argument('<system>')
    .requiredOption('--reason <text>', 'why, for the evidence')
    .action((system: string, options: CloseOptions) => close(system, options, context));
};
