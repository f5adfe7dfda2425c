import { z } from 'zod';

/**
 * Text that PostgreSQL can keep: well-formed Unicode without NUL, `charsMin` to `charsMax` characters. Other text would fail the
 * whole call it is part of.
 */
export const storableText = (charsMax: number, charsMin = 1) =>
  z
    .string()
    .min(charsMin)
    .max(charsMax)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), {
      message: 'must hold no NUL and no half of a character',
    });
