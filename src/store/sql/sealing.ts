import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { createSigner, type NoteSigner } from '../../core/evidence/note-key.ts';
import type { JsonObject } from '../../core/json.ts';
import { isJsonObject, parseJson } from '../../core/json.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SECRET_CHARS_MIN = 32;

/** Seals payloads in flight and makes pseudonyms for evidence, both under keys derived from the store's secret. */
export type Sealing = {
  /** @param about binds the sealed text to its obligation: it opens under no other */
  readonly seal: (payload: JsonObject, about: string) => Buffer;
  /** @throws when the text was sealed under another secret, for another obligation, or was changed */
  readonly open: (sealed: Buffer, about: string) => JsonObject;
  /** The same subject always gives the same 64 hexadecimal characters, and nobody gets back from them without the secret. */
  readonly pseudonym: (subject: string) => string;
  /** Like a pseudonym, under a key of its own and 32 characters long: what evidence shows of IDs tells nothing of versions. */
  readonly versionDigest: (version: string) => string;
  /** Signs the heads of the ledger. */
  readonly signer: NoteSigner;
};

const derive = (secret: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, 'tidemark', purpose, KEY_BYTES));

/** The key of a ledger is named for the ledger, which is named for the key: two stores never have one name. */
const ledgerSigner = (seed: Buffer): NoteSigner => {
  const { key } = createSigner('tidemark', 'ed25519', seed).verifier;
  const name = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
  return createSigner(`tidemark/${name}`, 'ed25519', seed);
};

/**
 * AES-256-GCM under a key derived by HKDF.
 *
 * @param secret at least 32 characters; every process on one database needs the same
 * Source: NIST SP 800-38D; RFC 5869.
 */
export const createSealing = (secret: string): Sealing => {
  if (secret.length < SECRET_CHARS_MIN) {
    throw new RangeError(
      `Cannot use the store secret: it has ${secret.length} characters, at least ${SECRET_CHARS_MIN} are needed`,
    );
  }
  const sealKey = derive(secret, 'payload');
  const pseudonymKey = derive(secret, 'pseudonym');
  const versionKey = derive(secret, 'version');
  const signer = ledgerSigner(derive(secret, 'ledger'));
  return {
    seal: (payload, about) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce).setAAD(Buffer.from(about));
      const text = Buffer.concat([cipher.update(JSON.stringify(payload), 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    open: (sealed, about) => {
      const decipher = createDecipheriv('aes-256-gcm', sealKey, sealed.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(about))
        .setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const text = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
      const payload = parseJson(text.toString('utf8'));
      if (!isJsonObject(payload)) throw new TypeError('Cannot open a sealed payload: it is not an object');
      return payload;
    },
    pseudonym: (subject) => createHmac('sha256', pseudonymKey).update(subject).digest('hex'),
    versionDigest: (version) => createHmac('sha256', versionKey).update(version).digest('hex').slice(0, 32),
    signer,
  };
};
