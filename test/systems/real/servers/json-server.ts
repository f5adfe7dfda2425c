/**
 * json-server 0.17 with two collections: `/records`, full, and `/contacts`, empty.
 *
 *   node <this file> --records 5000
 *
 * Prints {"url": "http://127.0.0.1:PORT"} when it serves.
 */
import { parseArgs } from 'node:util';
import jsonServer from 'json-server';
import { serveAndAnnounce } from '../../../../demo/processes/server-lifecycle.ts';
import { seedRecords } from '../seed-records.ts';

const { values } = parseArgs({ options: { records: { type: 'string' } } });
const app = jsonServer.create();
app.use(jsonServer.defaults({ logger: false, noGzip: true, noCors: true }));
app.use(jsonServer.router({ records: seedRecords(Number(values.records)), contacts: [] }));
await serveAndAnnounce(app, 0);
