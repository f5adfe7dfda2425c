/** One thing wrong with a contract: where, which value, and what to do. */
export type ContractProblem = {
  /** Path in the document, such as `fields.2.type`; empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
  /** The value found there, shortened and without secrets; undefined when the key is absent. */
  readonly value: string | undefined;
  readonly remedy: string;
};

const SHOWN_MAX = 60;
/** A value as a problem shows it: short. */
export const show = (value: unknown): string | undefined => {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
};
