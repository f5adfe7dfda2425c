import { z } from 'zod';
import { spawnServer } from '../../demo/processes/spawn-server.ts';
import { startPostgres } from '../postgres/cluster.ts';
import type { Cleanup } from './cleanups.ts';

/** What the app is given to call Parse with: user and password of Basic authentication. */
export const parseSecrets = { PARSE_APP_SECRET: 'crm-app', PARSE_MASTER_SECRET: 'master-key-of-the-test' } as const;

const found = z.object({ results: z.array(z.record(z.string(), z.unknown())) });
type Contact = Readonly<Record<string, unknown>>;

/** A Parse Server of its own, and what a caller without Tidemark can do with it. */
export type ParseTarget = {
  readonly url: string;
  /** All contacts with an external ID: one, or none, or copies. */
  readonly copiesOf: (externalId: string) => Promise<readonly Contact[]>;
  readonly create: (contact: Contact) => Promise<void>;
};

const READY_MS_MAX = 60_000;

const authorization = `Basic ${Buffer.from(Object.values(parseSecrets).join(':')).toString('base64')}`;

export const startParse = async (cleanups: Cleanup[]): Promise<ParseTarget> => {
  const cluster = await startPostgres();
  cleanups.push(cluster.stop);
  const server = await spawnServer({
    name: 'Parse',
    script: 'test/e2e/fixtures/parse-server.ts',
    env: { ...parseSecrets, DATABASE_URL: await cluster.freshDatabase(), PARSE_SERVER_LOGS_FOLDER: 'null' },
    readyTimeoutMs: READY_MS_MAX,
  });
  cleanups.push(server.stop);
  const contacts = new URL('/classes/Contact', server.url);
  const copiesOf = async (externalId: string): Promise<readonly Contact[]> => {
    const query = new URLSearchParams({ where: JSON.stringify({ externalId }) });
    const response = await fetch(`${contacts.href}?${query.toString()}`, { headers: { authorization } });
    return found.parse(await response.json()).results;
  };
  const create = async (contact: Contact): Promise<void> => {
    const headers = { authorization, 'content-type': 'application/json' };
    const response = await fetch(contacts, { method: 'POST', headers, body: JSON.stringify(contact) });
    if (response.status !== 201) throw new Error(`Cannot create a contact: Parse answered ${response.status}`);
  };
  return { url: server.url, copiesOf, create };
};
