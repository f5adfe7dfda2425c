import { join } from 'node:path';
import type { ZapierOptions } from '../../standin/assemble.ts';
import type { Connection } from '../../standin/connection.ts';
import { createSeededRandom } from '../../standin/seeded-random.ts';
import { createVirtualClock, type VirtualClock } from '../../standin/virtual-clock.ts';
import { createZapier, type Zapier } from '../../standin/zapier.ts';
import { startScriptedSource, type ScriptedSource } from './scripted-source.ts';

export const startMs = Date.parse('2026-03-01T12:00:00Z');
export const apiToken = 'token-f00ba4-secret-value';

/** The stand-in with the fixture app, its scripted server and a connected account. */
export type Stage = {
  readonly zapier: Zapier;
  readonly source: ScriptedSource;
  readonly connection: Connection;
  readonly clock: VirtualClock;
  readonly close: () => Promise<void>;
};

export const openStage = async (
  options: Partial<ZapierOptions> = {},
  app: 'fixture-app' | 'fixture-app-cleaning' = 'fixture-app',
): Promise<Stage> => {
  const source = await startScriptedSource();
  const clock = createVirtualClock(startMs);
  const appDir = join(__dirname, app);
  const zapier = await createZapier({ appDir, clock, random: createSeededRandom(7), ...options }).catch(
    async (error: unknown) => {
      await source.close();
      throw error;
    },
  );
  const report = await zapier.connect({ base_url: source.url, api_token: apiToken });
  if (report.kind === 'refused') throw new Error(report.message);
  const close = async (): Promise<void> => {
    await zapier.close();
    await source.close();
  };
  return { zapier, source, clock, connection: report.connection, close };
};
