import { buildMeta } from './bundle.ts';
import type { Connection } from './connection.ts';
import { describeFailure } from './outcome.ts';
import type { Platform } from './platform.ts';

export type ConnectionTest =
  | { readonly kind: 'passed'; readonly results: unknown }
  | { readonly kind: 'failed'; readonly message: string };

/** Runs the app's authentication test. An app without authentication passes. */
export const testConnection = async (
  { definition, invoke }: Pick<Platform, 'definition' | 'invoke'>,
  connection: Connection | null,
): Promise<ConnectionTest> => {
  if (definition.authentication === undefined) return { kind: 'passed', results: {} };
  const outcome = await invoke({
    method: 'authentication.test',
    bundle: {
      authData: connection?.authData ?? {},
      inputData: {},
      inputDataRaw: {},
      meta: buildMeta({ isTestingAuth: true, timezone: connection?.timezone ?? null }),
    },
    connection,
    zapId: null,
  });
  if (outcome.kind === 'success') return { kind: 'passed', results: outcome.results };
  if (outcome.kind === 'callback') return { kind: 'failed', message: 'The test asked for a callback' };
  return { kind: 'failed', message: describeFailure(outcome) };
};
