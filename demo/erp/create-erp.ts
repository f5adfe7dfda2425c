import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import cds from '@sap/cds';
import express from 'express';
import { createBearerGate } from '../processes/bearer-gate.ts';
import { createSeededRandom } from '../processes/seeded-random.ts';
import type { ErpOptions } from './erp-options.ts';
import { seedCustomers } from './seed-customers.ts';
import { seedOrders } from './seed-orders.ts';

const INSERT_ROWS_MAX = 5_000;

type ErpSetup = Pick<ErpOptions, 'records' | 'seed' | 'paging' | 'maxPage'> & {
  readonly token: string;
  /** Every seeded change is older than this, by up to thirty days. */
  readonly seededUntilMs: number;
  /** Where `erp-service.cds` lies. */
  readonly folder: string;
};

/**
 * Builds the service and fills its database. Once a process only: CAP keeps its state in one global object.
 */
export const createErp = async (setup: ErpSetup): Promise<RequestListener> => {
  configure(setup);
  const model = await cds.load(join(setup.folder, 'erp-service.cds'));
  cds.model = cds.compile.for.nodejs(model);
  cds.db = await cds.connect.to('db');
  await cds.deploy(model).to(cds.db);
  await fill(setup);

  const app = express();
  // CAP's own body parser and error pages come after: a stranger learns nothing but 401.
  app.use(createBearerGate(setup.token));
  await cds.serve('all').in(app);
  return app;
};

const configure = ({ folder, paging, maxPage }: ErpSetup): void => {
  cds.root = folder;
  cds.env.requires['db'] = {
    kind: 'sqlite',
    impl: '@cap-js/sqlite',
    credentials: { url: ':memory:' },
    // One connection: a database in memory belongs to the connection that made it.
    pool: { evictionRunIntervalMillis: 0, min: 1, max: 1 },
  };
  // Who asks is settled by the bearer gate; behind it everybody may do everything.
  cds.env.requires['auth'] = { kind: 'dummy' };
  cds.env.query.limit.max = maxPage;
  cds.env.query.limit.reliablePaging = paging === 'reliable';
  // stdout belongs to the ready line, and a 404 that a client provokes is no news.
  for (const area of ['cds', 'deploy', 'odata', 'sqlite', 'db', 'error']) cds.env.log.levels[area] = 'silent';
};

const fill = async ({ records, seed, seededUntilMs }: ErpSetup): Promise<void> => {
  const random = createSeededRandom(seed);
  const customers = seedCustomers({ records, random, seededUntilMs });
  await insert('tidemark.demo.Customer', customers);
  await insert('tidemark.demo.SalesOrder', seedOrders({ customers, random, seededUntilMs }));
};

const insert = async (entity: string, rows: readonly object[]): Promise<void> => {
  for (let start = 0; start < rows.length; start += INSERT_ROWS_MAX) {
    await cds.db.run(cds.ql.INSERT.into(entity).entries(rows.slice(start, start + INSERT_ROWS_MAX)));
  }
};
