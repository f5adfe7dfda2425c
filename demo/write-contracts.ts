import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';

const CONTRACTS = 'contracts';

/** A value of a contract that a run sets otherwise. */
export type Change = { readonly path: readonly string[]; readonly value: unknown };

const rewrite = async (file: string, folder: string, changes: readonly Change[]): Promise<void> => {
  const document = parseDocument(await readFile(join(CONTRACTS, file), 'utf8'));
  for (const { path, value } of changes) document.setIn(path, value);
  await writeFile(join(folder, file), document.toString());
};

export type DemoAddresses = { readonly erpUrl: string; readonly crmUrl: string };

/** Time for one request: short, so that a request which hangs costs the demo a second and not ten. */
const TIMEOUT_MS = 1500;

/**
 * Writes the example contracts into a folder, with the addresses of this run and times that suit a demo: what takes
 * Zapier a quarter of an hour is shown in seconds. `changes` are made to the sync on top, and win.
 */
export const writeContracts = async (
  folder: string,
  { erpUrl, crmUrl }: DemoAddresses,
  changes: readonly Change[] = [],
): Promise<void> => {
  const timeout = { path: ['limits', 'timeoutMs'], value: TIMEOUT_MS };
  await rewrite('erp.yaml', folder, [{ path: ['baseUrl'], value: new URL('/odata/v4/erp', erpUrl).href }, timeout]);
  await rewrite('crm.yaml', folder, [{ path: ['baseUrl'], value: crmUrl }, timeout]);
  await rewrite('erp-customers.yaml', folder, [
    { path: ['read', 'overlapSeconds'], value: 5 },
    { path: ['delivery', 'acknowledgeWithinSeconds'], value: 45 },
    { path: ['delivery', 'attemptsMax'], value: 50 },
    { path: ['reconcile', 'settleSeconds'], value: 1 },
    { path: ['reconcile', 'windowHours'], value: 31 * 24 },
    ...changes,
  ]);
};
