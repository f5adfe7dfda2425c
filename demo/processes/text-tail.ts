const TAIL_CHARACTERS_MAX = 4_000;

/** Keeps the end of a text that comes in pieces, so that a child's complaints cannot fill the memory. */
export const createTextTail = (): { readonly add: (piece: string) => void; readonly text: () => string } => {
  let tail = '';
  return {
    add: (piece) => {
      tail = (tail + piece).slice(-TAIL_CHARACTERS_MAX);
    },
    text: () => tail,
  };
};
