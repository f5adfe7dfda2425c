import { z } from 'zod';
import { contractBundle } from '../contract/bundle.ts';
import { environment, name } from '../contract/name.ts';
import { syncContract } from '../contract/sync-contract.ts';
import { systemContract } from '../contract/system-contract.ts';
import { instantText } from '../read/checkpoint.ts';
import { digest } from './cycle-routes.ts';
import { anyRole, nothing, role, route } from './route.ts';
import { storableText } from './storable-text.ts';

export const me = route({
  method: 'GET',
  path: '/v1/me',
  summary: 'The key that asks: its name, role and environment',
  roles: anyRole,
  params: nothing,
  request: nothing,
  reply: z.object({ keyId: z.string(), name: z.string(), role, environment, storeVersion: z.string() }),
});

export const listSyncs = route({
  method: 'GET',
  path: '/v1/syncs',
  summary: 'The syncs of the environment of the key',
  roles: anyRole,
  params: nothing,
  request: nothing,
  reply: z.object({
    syncs: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        source: z.string(),
        target: z.string(),
        streams: z.array(z.string()),
      }),
    ),
  }),
});

export const getSync = route({
  method: 'GET',
  path: '/v1/syncs/:sync',
  summary: 'A sync with both of its systems',
  roles: anyRole,
  params: z.object({ sync: name }),
  request: nothing,
  reply: contractBundle,
});

const applied = z.object({ version: z.int(), changed: z.boolean() });

export const applySystem = route({
  method: 'PUT',
  path: '/v1/systems/:system',
  summary: 'Store a system contract; the same again changes nothing',
  roles: ['admin'],
  params: z.object({ system: name }),
  request: z.object({ contract: systemContract, ticket: storableText(100) }),
  reply: applied,
});

export const applySync = route({
  method: 'PUT',
  path: '/v1/syncs/:sync',
  summary: 'Store a sync contract as its next version; the same again changes nothing',
  roles: ['admin'],
  params: z.object({ sync: name }),
  request: z.object({ contract: syncContract }),
  reply: applied,
});

export const createKey = route({
  method: 'POST',
  path: '/v1/keys',
  summary: 'Create an API key; the reply is the only time it is shown',
  roles: ['admin'],
  params: nothing,
  request: z.object({ name, role, expiresAt: instantText.nullable() }),
  reply: z.object({ keyId: z.string(), key: z.string(), environment }),
});

export const listKeys = route({
  method: 'GET',
  path: '/v1/keys',
  summary: 'The keys of the environment, without their secrets',
  roles: ['admin', 'auditor'],
  params: nothing,
  request: nothing,
  reply: z.object({
    keys: z.array(
      z.object({
        keyId: z.string(),
        name: z.string(),
        role,
        createdAt: instantText,
        expiresAt: instantText.nullable(),
        revokedAt: instantText.nullable(),
      }),
    ),
  }),
});

export const revokeKey = route({
  method: 'DELETE',
  path: '/v1/keys/:key',
  summary: 'Revoke a key at once',
  roles: ['admin'],
  params: z.object({ key: storableText(100) }),
  request: nothing,
  reply: z.object({ revoked: z.boolean() }),
});

const evidenceEntry = z.object({
  /** Place in the ledger, from 1; its index in the tree is one less. */
  sequence: z.int(),
  id: z.string(),
  kind: z.string(),
  at: instantText,
  /** Canonical JSON of what is recorded; holds no record value and no external ID in clear. */
  leaf: z.string(),
  /** Hash of the leaf: SHA-256 of a zero byte and the leaf (RFC 6962), in hexadecimal. */
  hash: digest,
});

export const listEvidence = route({
  method: 'GET',
  path: '/v1/evidence',
  summary: 'Entries of the ledger in order, with the size and root of its tree',
  roles: anyRole,
  params: nothing,
  request: z.object({
    after: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(1000).default(100),
  }),
  reply: z.object({
    entries: z.array(evidenceEntry),
    /** Leaves of the tree, those of both environments. */
    treeSize: z.int(),
    /** Root of the tree (RFC 6962), in hexadecimal. */
    rootHash: digest,
  }),
});
