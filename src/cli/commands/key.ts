import { type Command, Option } from 'commander';
import { environment as environments, type Environment, name as nameSchema } from '../../core/contract/name.ts';
import { role as roles, type Role } from '../../core/protocol/route.ts';
import type { CliContext } from '../cli-context.ts';
import { CliFailure } from '../cli-failure.ts';
import { duration, instantAfter } from '../option-parsers.ts';
import { type KeyDesk, withKeyDesk } from '../key-desk.ts';
import { json, table } from '../output.ts';

type Place = {
  readonly data?: string;
  readonly url?: string;
  readonly json?: boolean;
  readonly environment?: Environment;
};
type CreateOptions = Place & { readonly name: string; readonly role: Role; readonly expires?: number };

const withPlace = (command: Command): Command =>
  command
    .addOption(new Option('--data <folder>', 'folder of the embedded database (default: ./data)').conflicts('url'))
    .option(
      '--url <url>',
      'a running store, with an admin key in TIDEMARK_KEY (default: TIDEMARK_URL, when both are set)',
    )
    .addOption(
      new Option('--environment <environment>', 'pilot and production are kept apart').choices(environments.options),
    )
    .option('--json', 'print JSON');

const create = async (desk: KeyDesk, options: CreateOptions, { output }: CliContext): Promise<void> => {
  const request = { name: options.name, role: options.role, expiresAt: instantAfter(options.expires, Date.now()) };
  const made = await desk.create(request, options.environment);
  const { name, role, expiresAt } = request;
  if (options.json === true) {
    output.data(json({ ...made, name, role, expiresAt }));
    return;
  }
  output.note(
    `Key ${made.keyId} ("${name}", ${role}, ${made.environment}) in ${desk.place}. It is shown only this once:`,
  );
  output.data(made.key);
};

const list = async (desk: KeyDesk, options: Place, { output }: CliContext): Promise<void> => {
  const keys = await desk.list(options.environment);
  if (options.json === true) output.data(json({ keys }));
  else {
    const rows = keys.map((key) => [
      key.keyId,
      key.name,
      key.role,
      key.environment,
      key.createdAt,
      key.expiresAt,
      key.revokedAt,
    ]);
    output.data(table(['KEY', 'NAME', 'ROLE', 'ENVIRONMENT', 'CREATED', 'EXPIRES', 'REVOKED'], rows));
  }
};

const revoke = async (desk: KeyDesk, keyId: string, { output }: CliContext): Promise<void> => {
  const { revoked } = await desk.revoke(keyId);
  output.note(revoked ? `Key ${keyId} is revoked` : `Key ${keyId} was revoked before`);
};

const checkedName = (name: string): string => {
  const parsed = nameSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new CliFailure(`--name "${name}" ${parsed.error.issues[0]?.message ?? 'is not a name'}`, 2);
};

/** `tidemark key create|list|revoke`. */
export const addKeyCommands = (program: Command, context: CliContext): void => {
  const key = program.command('key').description('API keys, on the database itself or through a running store');
  withPlace(key.command('create'))
    .description('Create an API key and show it once')
    .requiredOption('--name <name>', 'what the key is for, such as zap-customers')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles.options).makeOptionMandatory())
    .option('--expires <time>', 'when it ends, such as 90d; without it never', duration)
    .action(async (options: CreateOptions) => {
      const checked = { ...options, name: checkedName(options.name) };
      await withKeyDesk(options, context, (desk) => create(desk, checked, context));
    });
  withPlace(key.command('list'))
    .description('List the keys, without their secrets')
    .action(async (options: Place) => {
      await withKeyDesk(options, context, (desk) => list(desk, options, context));
    });
  withPlace(key.command('revoke'))
    .description('Revoke a key at once')
    .argument('<key>', 'its ID, as "key list" shows it')
    .action(async (keyId: string, options: Place) => {
      await withKeyDesk(options, context, (desk) => revoke(desk, keyId, context));
    });
};
