import { z } from 'zod';
import { instantText } from '../read/checkpoint.ts';
import { uuid } from './cycle-routes.ts';
import { anyRole, nothing, operatorRoles, route } from './route.ts';

const treeSize = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

const signedTreeHead = z.object({
  /** Leaves of the tree. */
  size: z.int(),
  signedAt: instantText,
  /** The signed note (C2SP tlog-checkpoint). */
  note: z.string(),
  /** The key that verifies it (C2SP signed-note, "Verifier keys"). Whoever checks must have got it another way. */
  key: z.string(),
});
export type SignedTreeHead = z.infer<typeof signedTreeHead>;

export const signTreeHead = route({
  method: 'POST',
  path: '/v1/ledger/heads',
  summary: 'Sign the head of the ledger as it is now; the signing is an entry itself',
  roles: operatorRoles,
  params: nothing,
  request: nothing,
  reply: signedTreeHead,
});

export const getTreeHead = route({
  method: 'GET',
  path: '/v1/ledger/heads/latest',
  summary: 'The tree head that was signed last',
  roles: anyRole,
  params: nothing,
  request: nothing,
  reply: signedTreeHead,
});

export const proveEntry = route({
  method: 'GET',
  path: '/v1/ledger/entries/:entry/proof',
  summary: 'An entry with the proof that it is under the tree head that was signed last',
  roles: anyRole,
  params: z.object({ entry: uuid }),
  request: nothing,
  reply: z.object({
    /** What is recorded, byte for byte as it is in the tree. */
    leaf: z.string(),
    /** Index of the leaf, from 0. */
    index: z.int(),
    /** A proof file (C2SP tlog-proof), complete in itself. */
    proof: z.string(),
  }),
});

export const proveGrowth = route({
  method: 'GET',
  path: '/v1/ledger/growth',
  summary: 'The proof that the ledger of one size begins with all of the ledger of an older one',
  roles: anyRole,
  params: nothing,
  request: z.object({ older: treeSize, newer: treeSize }),
  reply: z.object({
    /** Hashes in base64 (RFC 6962, section 2.1.2). */
    proof: z.array(z.string()),
  }),
});
