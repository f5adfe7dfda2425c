import { sign, verify } from 'node:crypto';
import { parseBase64, toBase64 } from './base64.ts';
import type { NoteSigner, NoteVerifier } from './note-key.ts';

/** A text with signatures. Source: C2SP signed-note. */
export type SignedNote = { readonly text: string; readonly signatures: readonly NoteSignature[] };

export type NoteSignature = {
  readonly name: string;
  /** Of the key, 8 hexadecimal digits. */
  readonly id: string;
  /** What the key made of the text, behind its ID. */
  readonly bytes: Uint8Array;
};

/** A signature that a key made, with the second in which it did where its kind says so. */
export type VerifiedSignature = { readonly verifier: NoteVerifier; readonly seconds: number | null };

const NOTE_CHARS_MAX = 64 * 1024;
const SIGNATURES_MAX = 64;
const TIME_BYTES = 8;
const ED25519_BYTES = 64;

/** What is signed: the text, or the time and the text. Source: C2SP tlog-cosignature, "Ed25519 signed message". */
const messageOf = (text: string, seconds: number | null): Uint8Array =>
  Buffer.from(seconds === null ? text : `cosignature/v1\ntime ${seconds}\n${text}`, 'utf8');

/** @param seconds since 1970, for a key that cosigns; not used by others */
export const signText = ({ verifier, key }: NoteSigner, text: string, seconds: number): NoteSignature => {
  const { name, id, type } = verifier;
  if (type === 'ed25519') return { name, id, bytes: sign(null, messageOf(text, null), key) };
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(seconds));
  return { name, id, bytes: Buffer.concat([time, sign(null, messageOf(text, seconds), key)]) };
};

export const formatSignature = ({ name, id, bytes }: NoteSignature): string =>
  `\u2014 ${name} ${toBase64(Buffer.concat([Buffer.from(id, 'hex'), bytes]))}\n`;

export const formatNote = ({ text, signatures }: SignedNote): string =>
  `${text}\n${signatures.map(formatSignature).join('')}`;

const parseSignature = (line: string): NoteSignature | undefined => {
  const [, name, encoded = ''] = /^\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
  const bytes = parseBase64(encoded);
  if (name === undefined || bytes === undefined || bytes.length <= 4) return undefined;
  return { name, id: Buffer.from(bytes.subarray(0, 4)).toString('hex'), bytes: bytes.subarray(4) };
};

/** Signature lines as a witness answers them; undefined where one is none. */
export const parseSignatures = (lines: string): readonly NoteSignature[] | undefined => {
  if (!lines.endsWith('\n')) return undefined;
  const signatures = lines.slice(0, -1).split('\n').map(parseSignature);
  if (signatures.length > SIGNATURES_MAX) return undefined;
  const whole = signatures.filter((one) => one !== undefined);
  return whole.length === signatures.length ? whole : undefined;
};

/** Reads a note; undefined for text that is none. Nothing is verified yet. */
export const parseNote = (note: string): SignedNote | undefined => {
  const hasControls = /[^\P{Cc}\n]/u.test(note);
  if (note.length > NOTE_CHARS_MAX || hasControls || !note.isWellFormed()) return undefined;
  const end = note.lastIndexOf('\n\n');
  if (end < 0) return undefined;
  const signatures = parseSignatures(note.slice(end + 2));
  return signatures === undefined ? undefined : { text: note.slice(0, end + 1), signatures };
};

const verifyOne = (text: string, verifier: NoteVerifier, { bytes }: NoteSignature): number | null | undefined => {
  if (verifier.type === 'ed25519') return verify(null, messageOf(text, null), verifier.key, bytes) ? null : undefined;
  if (bytes.length !== TIME_BYTES + ED25519_BYTES) return undefined;
  const seconds = Number(Buffer.from(bytes).readBigUInt64BE());
  const isSigned = verify(null, messageOf(text, seconds), verifier.key, bytes.subarray(TIME_BYTES));
  return isSigned && Number.isSafeInteger(seconds) ? seconds : undefined;
};

/**
 * Verifies the signatures of keys that are known; those of others count for nothing.
 *
 * @returns the signatures that hold; undefined when one that claims a known key does not: then the note is forged
 */
export const verifyNote = (
  { text, signatures }: SignedNote,
  verifiers: readonly NoteVerifier[],
): readonly VerifiedSignature[] | undefined => {
  const verified: VerifiedSignature[] = [];
  for (const signature of signatures) {
    const verifier = verifiers.find(({ name, id }) => name === signature.name && id === signature.id);
    if (verifier === undefined) continue;
    const seconds = verifyOne(text, verifier, signature);
    if (seconds === undefined) return undefined;
    verified.push({ verifier, seconds });
  }
  return verified;
};
