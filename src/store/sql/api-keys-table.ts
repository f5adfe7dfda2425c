import { randomBytes, timingSafeEqual } from 'node:crypto';
import { digestText } from '../../core/digest.ts';
import { type Instant, compareInstants } from '../../core/instant.ts';
import { environment } from '../../core/contract/name.ts';
import { role, type Role } from '../../core/protocol/route.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import type { Kysely } from 'kysely';
import type { Caller } from './operations.ts';
import { appendEvidence } from './evidence-table.ts';
import type { StoreSchema } from './schema.ts';
import type { Work } from './work.ts';

const SECRET_BYTES = 32;
const KEY_FORM = /^tdm_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

export type NewKey = { readonly name: string; readonly role: Role; readonly expiresAt: Instant | null };

/** Creates a key in the caller's environment. What is returned is shown once: only its hash is kept. */
export const createKey = async (
  work: Work,
  request: NewKey,
): Promise<{ keyId: string; key: string; environment: Caller['environment'] }> => {
  const { caller, now } = work;
  const keyId = randomBytes(8).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  await work.tx
    .insertInto('api_keys')
    .values({
      key_id: keyId,
      name: request.name,
      role: request.role,
      environment: caller.environment,
      secret_hash: digestText(secret),
      created_at: now,
      expires_at: request.expiresAt,
      revoked_at: null,
    })
    .execute();
  const body = { keyId, name: request.name, role: request.role, expiresAt: request.expiresAt, by: caller.keyId };
  await appendEvidence(work, { kind: 'key_created', sync: null, body });
  return { keyId, key: `tdm_${keyId}_${secret}`, environment: caller.environment };
};

/** Revokes a key at once; a key that is revoked already stays as it is. */
export const revokeKey = async (work: Work, keyId: string): Promise<{ revoked: boolean }> => {
  const key = await work.tx
    .selectFrom('api_keys')
    .select('revoked_at')
    .where('key_id', '=', keyId)
    .where('environment', '=', work.caller.environment)
    .forUpdate()
    .executeTakeFirst();
  if (key === undefined) {
    throw new StoreError('not_found', `Cannot revoke key "${keyId}": there is none in ${work.caller.environment}`);
  }
  if (key.revoked_at !== null) return { revoked: false };
  await work.tx.updateTable('api_keys').set({ revoked_at: work.now }).where('key_id', '=', keyId).execute();
  await appendEvidence(work, { kind: 'key_revoked', sync: null, body: { keyId, by: work.caller.keyId } });
  return { revoked: true };
};

export const listKeys = async (work: Work) => {
  const rows = await work.tx
    .selectFrom('api_keys')
    .select(['key_id', 'name', 'role', 'created_at', 'expires_at', 'revoked_at'])
    .where('environment', '=', work.caller.environment)
    .orderBy('created_at')
    .execute();
  const keys = rows.map((row) => ({
    keyId: row.key_id,
    name: row.name,
    role: role.parse(row.role),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  }));
  return { keys };
};

/** The caller whose key this is; undefined for one that is malformed, unknown, expired or revoked. One statement. */
export const authenticate = async (
  database: Kysely<StoreSchema>,
  now: Instant,
  key: string,
): Promise<Caller | undefined> => {
  const [, keyId, secret] = KEY_FORM.exec(key) ?? [];
  if (keyId === undefined || secret === undefined) return undefined;
  const row = await database
    .selectFrom('api_keys')
    .select(['name', 'role', 'environment', 'secret_hash', 'expires_at', 'revoked_at'])
    .where('key_id', '=', keyId)
    .executeTakeFirst();
  if (row === undefined || row.revoked_at !== null) return undefined;
  if (row.expires_at !== null && compareInstants(row.expires_at, now) <= 0) return undefined;
  if (!timingSafeEqual(Buffer.from(row.secret_hash), Buffer.from(digestText(secret)))) return undefined;
  return { keyId, name: row.name, role: role.parse(row.role), environment: environment.parse(row.environment) };
};
