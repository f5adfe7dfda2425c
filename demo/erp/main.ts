/**
 * The demo's ERP: an OData v4 service by SAP's CAP over an SQLite database in memory, as a process of its own.
 *
 *   ERP_TOKEN=... node demo/erp/main.ts [--records 5000] [--seed 1] [--port 0] [--paging reliable|offset]
 *                                       [--max-page 1000] [--seeded-until 2026-01-31T00:00:00Z]
 *
 * Prints {"url": "http://127.0.0.1:PORT"} when it serves `/odata/v4/erp/Customers` and `/odata/v4/erp/Orders`.
 */
import { z } from 'zod';
import { serveAndAnnounce } from '../processes/server-lifecycle.ts';
import { createErp } from './create-erp.ts';
import { parseErpOptions } from './erp-options.ts';

const environment = z.object({ ERP_TOKEN: z.string().min(1) }).parse(process.env);
const options = parseErpOptions(process.argv.slice(2));
const seededUntilMs = options.seededUntilAt === undefined ? Date.now() : Date.parse(options.seededUntilAt);
const erp = await createErp({ ...options, seededUntilMs, token: environment.ERP_TOKEN, folder: import.meta.dirname });
await serveAndAnnounce(erp, options.port);
