import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { parseBase64, toBase64 } from './base64.ts';

/** What a key signs: notes as they are, or tree heads together with the time at which they were seen. */
export type NoteKeyType = 'ed25519' | 'cosignature';

const TYPE_BYTES = { ed25519: 0x01, cosignature: 0x04 } as const;
const TYPES: readonly NoteKeyType[] = ['ed25519', 'cosignature'];

/** A key that verifies signatures of notes. */
export type NoteVerifier = {
  /** Of its owner, such as `example.com/log`: no spaces and no plus. */
  readonly name: string;
  /** 8 hexadecimal digits; with the name it tells keys apart. */
  readonly id: string;
  readonly type: NoteKeyType;
  readonly key: KeyObject;
};

export type NoteSigner = { readonly verifier: NoteVerifier; readonly key: KeyObject };

const RAW_BYTES = 32;
// What stands before the 32 bytes of an Ed25519 key in its DER form (RFC 8410).
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

const isKeyName = (name: string): boolean => /^[^\s+\p{Cc}]{1,200}$/u.test(name);

const rawOf = (key: KeyObject): Uint8Array => key.export({ type: 'spki', format: 'der' }).subarray(SPKI_PREFIX.length);

const idOf = (name: string, type: NoteKeyType, raw: Uint8Array): string =>
  createHash('sha256')
    .update(`${name}\n`)
    .update(Uint8Array.of(TYPE_BYTES[type]))
    .update(raw)
    .digest('hex')
    .slice(0, 8);

const verifierOf = (name: string, type: NoteKeyType, raw: Uint8Array): NoteVerifier => ({
  name,
  id: idOf(name, type, raw),
  type,
  key: createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' }),
});

/**
 * Makes a signer of a secret.
 *
 * @param seed 32 bytes, the secret of the key (RFC 8032)
 * @throws RangeError on a seed of another length, or a name that cannot stand in a signature line
 */
export const createSigner = (name: string, type: NoteKeyType, seed: Uint8Array): NoteSigner => {
  if (!isKeyName(name)) throw new RangeError(`Cannot name a key "${name}": use no spaces and no plus`);
  if (seed.length !== RAW_BYTES) throw new RangeError(`Cannot make a key of ${seed.length} bytes: it takes 32`);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  return { key, verifier: verifierOf(name, type, rawOf(createPublicKey(key))) };
};

/** A key as text: name, ID and bytes, joined by a plus. Source: C2SP signed-note, "Verifier keys". */
export const formatVerifier = ({ name, id, type, key }: NoteVerifier): string =>
  `${name}+${id}+${toBase64(Buffer.concat([Uint8Array.of(TYPE_BYTES[type]), rawOf(key)]))}`;

/** Reads a key; undefined for text that is none, of a type not known here, or whose ID is not that of its bytes. */
export const parseVerifier = (text: string): NoteVerifier | undefined => {
  const [, name = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const bytes = parseBase64(encoded);
  if (bytes?.length !== RAW_BYTES + 1 || !isKeyName(name)) return undefined;
  const type = TYPES.find((one) => TYPE_BYTES[one] === bytes[0]);
  if (type === undefined) return undefined;
  const verifier = verifierOf(name, type, bytes.subarray(1));
  return verifier.id === id ? verifier : undefined;
};
