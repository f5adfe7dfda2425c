/**
 * The demo's CRM: json-server with one collection, `/contacts`, as a process of its own.
 *
 *   CRM_TOKEN=... node demo/crm/main.ts [--unrelated 3] [--port 0]
 *
 * Prints {"url": "http://127.0.0.1:PORT"} when it serves.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { serveAndAnnounce } from '../processes/server-lifecycle.ts';
import { createCrm } from './create-crm.ts';

const UNRELATED_MAX = 100_000;

const optionsSchema = z.object({
  unrelated: z.coerce.number().int().min(0).max(UNRELATED_MAX).default(3),
  port: z.coerce.number().int().min(0).max(65_535).default(0),
});

const environment = z.object({ CRM_TOKEN: z.string().min(1) }).parse(process.env);
const { values } = parseArgs({ options: { unrelated: { type: 'string' }, port: { type: 'string' } } });
const options = optionsSchema.parse(values);
await serveAndAnnounce(createCrm({ token: environment.CRM_TOKEN, unrelated: options.unrelated }), options.port);
