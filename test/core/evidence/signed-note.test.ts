import { createSigner, formatVerifier, type NoteVerifier, parseVerifier } from '../../../src/core/evidence/note-key.ts';
import {
  formatNote,
  formatSignature,
  parseNote,
  parseSignatures,
  signText,
  verifyNote,
} from '../../../src/core/evidence/signed-note.ts';

// The example of the specification (C2SP signed-note).
const exampleKey = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const example = `This is an example message.

\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`;

const verifierOf = (text: string): NoteVerifier => {
  const verifier = parseVerifier(text);
  if (verifier === undefined) throw new Error(`Expected a key: ${text}`);
  return verifier;
};
const noteOf = (text: string) => {
  const note = parseNote(text);
  if (note === undefined) throw new Error(`Expected a note: ${text}`);
  return note;
};

const log = createSigner('ledger.example.com/acme', 'ed25519', Buffer.alloc(32, 1));
const witness = createSigner('witness.example.com/w1', 'cosignature', Buffer.alloc(32, 2));
const other = createSigner('ledger.example.com/acme', 'ed25519', Buffer.alloc(32, 3));
const text = 'ledger.example.com/acme\n3\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n';
const seconds = 1_795_000_000;

test('the note of the specification is verified by its key', () => {
  const verifier = verifierOf(exampleKey);
  expect(formatVerifier(verifier)).toBe(exampleKey);
  expect(verifyNote(noteOf(example), [verifier])).toMatchObject([
    { verifier: { name: 'example.com/foo' }, seconds: null },
  ]);
  expect(formatNote(noteOf(example))).toBe(example);
});

test('a note is verified by the keys that are known, and those of others count for nothing', () => {
  const signatures = [signText(log, text, seconds), signText(witness, text, seconds)];
  const note = noteOf(formatNote({ text, signatures }));
  const verified = verifyNote(note, [log.verifier, witness.verifier]);
  expect(verified?.map(({ verifier, seconds: at }) => [verifier.name, at])).toEqual([
    ['ledger.example.com/acme', null],
    ['witness.example.com/w1', seconds],
  ]);
  expect(verifyNote(note, [witness.verifier])).toHaveLength(1);
  expect(verifyNote(note, [other.verifier])).toEqual([]);
});

test('G9 a note with any one bit changed is refused, or verified by nobody', () => {
  const signatures = [signText(log, text, seconds), signText(witness, text, seconds)];
  const bytes = Buffer.from(formatNote({ text, signatures }), 'utf8');
  const known = [log.verifier, witness.verifier];
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const tampered = Buffer.from(bytes);
    tampered.writeUInt8(bytes.readUInt8(Math.floor(bit / 8)) ^ (1 << (bit % 8)), Math.floor(bit / 8));
    const note = parseNote(tampered.toString('utf8'));
    const verified = note === undefined ? undefined : verifyNote(note, known);
    expect(verified === undefined || verified.length < 2).toBe(true);
  }
});

test.each([
  ['a name with a space', 'example.com foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
  ['the ID of another key', 'example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
  ['a type that is not known', 'example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'],
  ['a key cut short', 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q=='],
  ['base64 that is not the one form', 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l='],
  ['nothing', ''],
])('a key with %s is none', (_what, key) => {
  expect(parseVerifier(key)).toBeUndefined();
});

test.each([
  ['no signature', 'text\n\n'],
  ['no empty line', 'text\n\u2014 a AAAAAAA=\n'],
  ['a line that is no signature', `text\n\n\u2014 a AAAAAAA=\nmore\n`],
  ['no end', 'text\n\n\u2014 a AAAAAAA='],
  ['a control character', 'te\rxt\n\n\u2014 a AAAAAAA=\n'],
  ['a key ID alone', 'text\n\n\u2014 a AAAAAA==\n'],
])('a note with %s is none', (_what, note) => {
  expect(parseNote(note)).toBeUndefined();
});

test('a witness answers with signature lines', () => {
  const signature = signText(witness, text, seconds);
  expect(parseSignatures(formatSignature(signature))).toMatchObject([{ name: 'witness.example.com/w1' }]);
  expect(parseSignatures('')).toBeUndefined();
  expect(parseSignatures(`${formatSignature(signature)}junk`)).toBeUndefined();
});

test('a key takes a secret of 32 bytes and a name that can stand in a line', () => {
  expect(() => createSigner('a b', 'ed25519', Buffer.alloc(32))).toThrow('Cannot name a key');
  expect(() => createSigner('a', 'ed25519', Buffer.alloc(31))).toThrow('takes 32');
});
