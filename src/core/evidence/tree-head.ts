import { parseBase64, toBase64 } from './base64.ts';
import type { Hash } from './merkle-hash.ts';

/** The state of a ledger at one size. Source: C2SP tlog-checkpoint. */
export type TreeHead = {
  /** Name of the ledger, such as `example.com/ledger`. */
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
};

const HASH_BYTES = 32;

/** A tree head as the text that is signed. */
export const formatTreeHead = ({ origin, size, root }: TreeHead): string => `${origin}\n${size}\n${toBase64(root)}\n`;

/** Reads the text of a signed tree head; undefined for text that is none. Lines that extend it are passed over. */
export const parseTreeHead = (text: string): TreeHead | undefined => {
  const lines = text.split('\n');
  const [origin = '', size = '', root = ''] = lines;
  if (lines.length < 4 || lines.at(-1) !== '' || lines.slice(0, -1).includes('')) return undefined;
  const hash = parseBase64(root);
  if (!/^(?:0|[1-9]\d{0,15})$/.test(size) || hash?.length !== HASH_BYTES) return undefined;
  return Number.isSafeInteger(Number(size)) ? { origin, size: Number(size), root: hash } : undefined;
};
