import * as fc from 'fast-check';
import { REASON_CHARS_MAX, storableReason } from '../../../src/core/protocol/reason.ts';
import { writeOutcome } from '../../../src/core/protocol/write-routes.ts';

test('a short reason stays as it is', () => {
  expect(storableReason('Cannot read \u{1F600}')).toBe('Cannot read \u{1F600}');
});

test('no reason is longer than the store takes, and none has half a character at its end', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.integer({ min: 0, max: 20 }), (reason, charsMax) => {
      const cut = storableReason(reason, charsMax);
      expect(cut.length).toBeLessThanOrEqual(charsMax);
      expect(cut.isWellFormed()).toBe(true);
      expect(reason.startsWith(cut.replace(/\uFFFD$/, ''))).toBe(true);
    }),
  );
  const long = `${'x'.repeat(REASON_CHARS_MAX - 1)}\u{1F600}\u{1F600}`;
  expect(writeOutcome.safeParse({ kind: 'unknown', reason: long }).success).toBe(false);
  expect(writeOutcome.safeParse({ kind: 'unknown', reason: storableReason(long) }).success).toBe(true);
});

test('a reason that others wrote is taken by the store whatever is in it', () => {
  const reason = 'before\0after \ud800';
  expect(writeOutcome.safeParse({ kind: 'unknown', reason }).success).toBe(false);
  expect(storableReason(reason)).toBe('before after \uFFFD');
  expect(writeOutcome.safeParse({ kind: 'unknown', reason: storableReason(reason) }).success).toBe(true);
});
