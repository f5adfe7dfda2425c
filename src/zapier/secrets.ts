import { hostsOfSecret } from '../systems/http/secret-hosts.ts';

/**
 * Reads a secret of a source or target system from the app's environment.
 *
 * Called when a request is made and never while the app loads: Zapier puts the variables into the environment only
 * after an ES module has been imported. This file is the app's only reader of the environment.
 */
export const readSecret = (name: string): string | undefined => process.env[name];

/** The hosts that a secret may go to; see `hostsOfSecret`. */
export const readSecretHosts = (name: string): readonly string[] | undefined =>
  hostsOfSecret(process.env[`${name}_HOSTS`]);
