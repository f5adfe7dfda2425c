import { z } from 'zod';
import { hostsOfSecret } from '../systems/http/secret-hosts.ts';

// An empty variable is one that a shell or a compose file left without a value: the same as none.
const text = z
  .string()
  .optional()
  .transform((value) => (value === undefined || value.trim() === '' ? undefined : value.trim()));

const logLevel = z.enum(['silent', 'error', 'warn', 'info', 'debug']).catch('info');

const environment = z
  .object({
    DATABASE_URL: text,
    TIDEMARK_STORE_SECRET: text,
    TIDEMARK_URL: text,
    TIDEMARK_KEY: text,
    TIDEMARK_LOG: logLevel,
  })
  .transform((env) => ({
    databaseUrl: env.DATABASE_URL,
    storeSecret: env.TIDEMARK_STORE_SECRET,
    storeUrl: env.TIDEMARK_URL,
    key: env.TIDEMARK_KEY,
    logLevel: env.TIDEMARK_LOG,
  }));

/** What the environment says, by meaning and not by name. */
export type CliEnvironment = z.infer<typeof environment> & {
  /** A secret of a source or target system, by the name that its contract gives. */
  readonly secret: (name: string) => string | undefined;
  /** The hosts that it may go to; undefined where nothing says so. */
  readonly secretHosts: (name: string) => readonly string[] | undefined;
};

/** Reads the environment of the process; nothing else in the project does, outside what runs on Zapier. */
export const readEnvironment = (): CliEnvironment => ({
  ...environment.parse(process.env),
  secret: (name) => process.env[name],
  secretHosts: (name) => hostsOfSecret(process.env[`${name}_HOSTS`]),
});
