import { parseBase64, toBase64 } from './base64.ts';
import type { Hash } from './merkle-hash.ts';

/** The proof of one entry, complete in itself. Source: C2SP tlog-proof. */
export type InclusionFile = {
  /** Of the entry, from 0. */
  readonly index: number;
  readonly proof: readonly Hash[];
  /** The signed tree head, as it was signed. */
  readonly note: string;
};

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
const HASH_BYTES = 32;
const PROOF_MAX = 63;

export const formatInclusionFile = ({ index, proof, note }: InclusionFile): string =>
  [FIRST_LINE, `index ${index}`, ...proof.map(toBase64), '', note].join('\n');

/** Reads a `.tlog-proof` file; undefined for text that is none. Extra data is passed over: nothing signs it. */
export const parseInclusionFile = (text: string): InclusionFile | undefined => {
  const end = text.indexOf('\n\n');
  if (end < 0) return undefined;
  const [first, ...lines] = text.slice(0, end).split('\n');
  const [indexLine = '', ...hashes] = lines[0]?.startsWith('extra ') === true ? lines.slice(1) : lines;
  const [, index] = /^index (0|[1-9]\d{0,15})$/.exec(indexLine) ?? [];
  if (first !== FIRST_LINE || index === undefined || hashes.length > PROOF_MAX) return undefined;
  const proof = hashes.map(parseBase64).filter((hash) => hash?.length === HASH_BYTES);
  const whole = proof.filter((hash) => hash !== undefined);
  if (whole.length < hashes.length || !Number.isSafeInteger(Number(index))) return undefined;
  return { index: Number(index), proof: whole, note: text.slice(end + 2) };
};
