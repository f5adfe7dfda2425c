import { parseArgs } from 'node:util';
import { z } from 'zod';

const RECORDS_MAX = 50_000;

const count = (max: number) => z.coerce.number().int().min(1).max(max);

const options = z.strictObject({
  records: count(RECORDS_MAX).default(5000),
  changes: z.coerce.number().int().min(0).max(RECORDS_MAX).default(400),
  seed: z.coerce.number().int().min(0).default(1),
  containers: count(16).default(8),
  runs: z.enum(['batches', 'records']).default('batches'),
  postgres: z.url().optional(),
  json: z.boolean().default(false),
});

export type DemoOptions = z.output<typeof options>;

export const demoHelp = `Usage: npm run demo -- [options]

Moves the customers of a real OData service into a real REST CRM, through the built Zapier app, with faults in
between, and proves that both sides agree. Everything runs on this machine and is cleaned up at the end.

  --records N     customers in the ERP (default 5000)
  --changes N     changes made in the ERP while the Zap polls (default 400)
  --seed N        seed of the data and of the faults (default 1)
  --containers N  Zapier processes at once (default 8)
  --runs KIND     batches: 100 records in one Zap run (default); records: a Zap run for each, which takes longer
  --postgres URL  keep the store in a database made for the run on this server (default: embedded, or DATABASE_URL)
  --json          print nothing but the last line of JSON
  --help          print this
`;

export type ParsedDemo =
  | { readonly kind: 'run'; readonly options: DemoOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

/** Reads the command line. `databaseUrl` is that of the environment, which --postgres overrides. */
export const parseDemoOptions = (args: readonly string[], databaseUrl: string | undefined): ParsedDemo => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        records: { type: 'string' },
        changes: { type: 'string' },
        seed: { type: 'string' },
        containers: { type: 'string' },
        runs: { type: 'string' },
        postgres: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    const { help, ...given } = values;
    if (help === true) return { kind: 'help' };
    const parsed = options.safeParse({ ...given, postgres: given.postgres ?? databaseUrl });
    if (parsed.success) return { kind: 'run', options: parsed.data };
    const [issue] = parsed.error.issues;
    return { kind: 'wrong', message: `--${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}` };
  } catch (error) {
    return { kind: 'wrong', message: error instanceof Error ? error.message : String(error) };
  }
};
