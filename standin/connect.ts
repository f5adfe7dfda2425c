import { createConnection, type Connection } from './connection.ts';
import { buildMeta } from './bundle.ts';
import type { AppDefinition } from './definition.ts';
import { isBlank } from './clean-input.ts';
import { describeFailure } from './outcome.ts';
import type { Platform } from './platform.ts';
import { isRecord, type JsonRecord } from './record.ts';
import { testConnection } from './test-connection.ts';
import { textOf } from './template.ts';
import type { TokenRegistry } from './token-registry.ts';

export type ConnectReport =
  | { readonly kind: 'connected'; readonly connection: Connection }
  | { readonly kind: 'refused'; readonly message: string };

export type ConnectOptions = {
  /** Whose account it is: parts z.cache by user. */
  readonly userId?: string;
  /** IANA name; default UTC. */
  readonly timezone?: string;
};

/**
 * Connects an account as the "Connect" window does: required fields, the session where the app has one, the
 * authentication test, then the label.
 */
export const connectAccount = async (
  platform: Platform,
  tokens: TokenRegistry,
  authData: JsonRecord,
  options: ConnectOptions,
): Promise<ConnectReport> => {
  const missing = missingAuthField(platform.definition, authData);
  if (missing !== null) return { kind: 'refused', message: `Required field "${missing}" is missing.` };
  const id = platform.nextId('connection');
  const userId = options.userId ?? 'user-1';
  const facts = {
    id,
    userId,
    timezone: options.timezone ?? 'UTC',
    token: tokens.issue({ userId, authId: id }),
    label: '',
  };
  const session = await openSession(platform, createConnection({ ...facts, authData }));
  if (session.kind === 'refused') return session;
  const bare = createConnection({ ...facts, authData: session.authData });
  const test = await testConnection(platform, bare);
  if (test.kind === 'failed') return { kind: 'refused', message: test.message };
  const label = await makeLabel(platform, bare, test.results);
  return { kind: 'connected', connection: createConnection({ ...facts, authData: session.authData, label }) };
};

/** Tests an expired connection again; one that passes lets its held runs be replayed. */
export const reconnectAccount = async (platform: Platform, connection: Connection): Promise<ConnectReport> => {
  const test = await testConnection(platform, connection);
  if (test.kind === 'failed') return { kind: 'refused', message: test.message };
  connection.markExpired(false);
  return { kind: 'connected', connection };
};

const missingAuthField = ({ authentication }: AppDefinition, authData: JsonRecord): string | null => {
  const fields = (authentication?.fields ?? []).filter((field) => typeof field !== 'string');
  const missing = fields.find(({ key, required }) => required !== false && isBlank(authData[key]));
  return missing?.key ?? null;
};

type Session =
  | { readonly kind: 'ready'; readonly authData: JsonRecord }
  | { readonly kind: 'refused'; readonly message: string };

const openSession = async ({ definition, invoke }: Platform, connection: Connection): Promise<Session> => {
  const { authData } = connection;
  if (definition.authentication?.type !== 'session') return { kind: 'ready', authData };
  const outcome = await invoke({
    method: 'authentication.sessionConfig.perform',
    bundle: { authData, inputData: {}, inputDataRaw: {}, meta: buildMeta({ isTestingAuth: true }) },
    connection,
    zapId: null,
  });
  if (outcome.kind === 'callback') return { kind: 'refused', message: 'A session cannot wait for a callback' };
  if (outcome.kind !== 'success') return { kind: 'refused', message: describeFailure(outcome) };
  return { kind: 'ready', authData: { ...authData, ...(isRecord(outcome.results) ? outcome.results : {}) } };
};

/** A label that is a function is called with the test's answer as inputData; a text is filled from both. */
const makeLabel = async (
  { definition, invoke }: Platform,
  connection: Connection,
  results: unknown,
): Promise<string> => {
  const template = definition.authentication?.connectionLabel ?? '';
  const answer = isRecord(results) ? results : {};
  if (!template.startsWith('$func$')) return fillLabel(template, connection.authData, answer);
  const outcome = await invoke({
    method: 'authentication.connectionLabel',
    bundle: { authData: connection.authData, inputData: answer, inputDataRaw: {}, meta: buildMeta({}) },
    connection,
    zapId: null,
  });
  // A label that fails costs the user its name only, never the connection.
  return outcome.kind === 'success' ? textOf(outcome.results) : '';
};

const fillLabel = (template: string, authData: JsonRecord, answer: JsonRecord): string =>
  template.replace(/\{\{\s*(?:bundle\.(authData|inputData)\.)?([^{}\s]+)\s*\}\}/g, (_match, place, key: string) => {
    if (place === 'authData') return textOf(authData[key]);
    return textOf(answer[key] ?? (place === undefined ? authData[key] : undefined));
  });
