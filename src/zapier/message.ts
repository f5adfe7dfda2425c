/** Zapier cuts the text of an error off here. Source: docs.zapier.com, "Error handling". */
export const MESSAGE_CHARS_MAX = 250;
const REASON_CHARS_MIN = 40;

const withoutEnd = (text: string): string => text.trim().replace(/[.\s]+$/, '');

/** Cuts text to a number of characters, never through a surrogate pair, and marks the cut. */
const cut = (text: string, charsMax: number): string => {
  if (text.length <= charsMax) return text;
  const kept = text.slice(0, Math.max(0, charsMax - 3));
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}...`;
};

/**
 * One message for a user: what could not be done, why, and what to do next.
 *
 * The reason is what is shortened: the action and the next step must survive Zapier's cut.
 *
 * @param action   what was tried, as it goes after "Cannot"
 * @param reason   why; holds no record value
 * @param nextStep an imperative sentence; null where the reason ends in one
 */
export const errorMessage = (action: string, reason: string, nextStep: string | null): string => {
  // The store and the engine name the action themselves in most of what they say.
  const head = reason.startsWith('Cannot ') ? '' : `Cannot ${action}: `;
  const tail = nextStep === null ? '' : `. ${withoutEnd(nextStep)}`;
  const room = Math.max(REASON_CHARS_MIN, MESSAGE_CHARS_MAX - head.length - tail.length);
  return cut(`${head}${cut(withoutEnd(reason), room)}${tail}`, MESSAGE_CHARS_MAX);
};
