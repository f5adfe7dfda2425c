/**
 * Reads a secret of a source or target system from the app's environment.
 *
 * Called when a request is made and never while the app loads: Zapier puts the variables into the environment only
 * after an ES module has been imported. This file is the app's only reader of the environment.
 */
export const readSecret = (name: string): string | undefined => process.env[name];

/**
 * The hosts that a secret may go to, from the variable beside it: `CRM_TOKEN_HOSTS=crm.example.com` (several with commas,
 * a port where the URL has one). The one who sets it need not be the one who writes contracts.
 *
 * @returns undefined where no such variable is set, and no host where it is empty
 */
export const readSecretHosts = (name: string): readonly string[] | undefined =>
  process.env[`${name}_HOSTS`]
    ?.split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');
