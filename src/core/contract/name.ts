import { z } from 'zod';

/** A name in contracts, URLs and logs: lower-case letters, digits and hyphens, 2 to 64 characters. */
export const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,63}$/, 'must be 2 to 64 lower-case letters, digits or hyphens, beginning with a letter');

/** Pilot and production are apart: keys, contracts and data of one are never seen by the other. */
export const environment = z.enum(['pilot', 'production']);
export type Environment = z.infer<typeof environment>;

/** A dotted path into a JSON value, such as `address.city`. */
export const fieldPath = z
  .string()
  .regex(/^[^.\s]+(?:\.[^.\s]+)*$/, 'must be a path of names joined by dots, such as address.city')
  .max(200);

/**
 * The name of a secret in the environment of the process that calls the system; never the secret itself.
 * Zapier scrubs its logs by the names of environment variables, hence the rule.
 */
export const secretName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{2,63}$/, 'must be the name of an environment variable in capitals')
  .regex(/^(?!AWS_|LAMBDA_|TIDEMARK_|_)/, 'must not be a variable of the platform or of Tidemark itself')
  .regex(/^(?!.*_HOSTS$)/, 'must not end in _HOSTS, which binds the secret before it to its hosts')
  .regex(/SECRET|TOKEN/, 'must contain SECRET or TOKEN, or Zapier writes its value to its logs in clear');

/**
 * The environment that a secret belongs to by a word of its name: `CRM_PRODUCTION_TOKEN` is for contracts of production
 * only, `CRM_PILOT_TOKEN` for those of pilot. One app holds the secrets of both, and whoever writes contracts for pilot
 * must not reach production with them.
 *
 * @returns undefined for a name with neither word, which both may use
 */
export const environmentOfSecret = (secret: string): Environment | undefined => {
  const words = secret.split('_');
  if (words.includes('PRODUCTION') || words.includes('PROD')) return 'production';
  return words.includes('PILOT') ? 'pilot' : undefined;
};
