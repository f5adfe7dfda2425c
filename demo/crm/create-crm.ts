import type { RequestListener } from 'node:http';
import jsonServer from 'json-server';
import { createBearerGate } from '../processes/bearer-gate.ts';
import { seedContacts } from './seed-contacts.ts';

type CrmSetup = {
  readonly token: string;
  /** Contacts that were there before any sync and belong to none. */
  readonly unrelated: number;
};

/**
 * A CRM as small vendors sell them: JSON over REST, IDs made by the server, no upsert and no unique fields.
 * The data lives in memory, so that a write costs no rewriting of a file.
 */
export const createCrm = ({ token, unrelated }: CrmSetup): RequestListener => {
  const app = jsonServer.create();
  app.use(createBearerGate(token));
  app.use(jsonServer.defaults({ logger: false, noGzip: true, noCors: true }));
  app.use(jsonServer.router({ contacts: seedContacts(unrelated) }));
  return app;
};
