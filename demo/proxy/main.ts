/**
 * The fault proxy as a process of its own.
 *
 *   node demo/proxy/main.ts --upstream http://127.0.0.1:4004 [--plan '{"writes":{"lost-reply":0.1}}'] [--seed 1] [--port 0]
 *
 * Prints {"url": ..., "controlUrl": ...}. The control takes GET /counts, POST /enable, POST /disable and
 * POST /force/{reads|writes}/{fault}, and answers each with the counts.
 */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { createSeededRandom } from '../processes/seeded-random.ts';
import { listenOnLoopback } from '../processes/server-lifecycle.ts';
import { createFaultProxy } from './create-fault-proxy.ts';
import { createProxyControl } from './proxy-control.ts';
import { faultPlanSchema } from './fault-plan.ts';

const optionsSchema = z.object({
  upstream: z.url({ protocol: /^http$/u }),
  plan: z
    .string()
    .default('{}')
    .transform((text): unknown => JSON.parse(text))
    .pipe(faultPlanSchema),
  seed: z.coerce.number().int().min(0).default(1),
  port: z.coerce.number().int().min(0).max(65_535).default(0),
});

const { values } = parseArgs({
  options: {
    upstream: { type: 'string' },
    plan: { type: 'string' },
    seed: { type: 'string' },
    port: { type: 'string' },
  },
});
const { upstream, plan, seed, port } = optionsSchema.parse(values);
const proxy = await createFaultProxy({ upstream, plan, port, random: createSeededRandom(seed) });
const controlUrl = await listenOnLoopback(createServer(createProxyControl(proxy)), 0);
process.once('SIGTERM', () => process.exit(0));
process.once('SIGINT', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ url: proxy.url, controlUrl })}\n`);
