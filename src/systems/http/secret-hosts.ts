/**
 * The hosts that a secret may go to, from the variable beside it: `CRM_TOKEN_HOSTS=crm.example.com` (several with commas,
 * a port where the URL has one). The one who sets it need not be the one who writes contracts.
 *
 * @returns undefined where no such variable is set, and no host where it is empty
 */
export const hostsOfSecret = (variable: string | undefined): readonly string[] | undefined =>
  variable
    ?.split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');
