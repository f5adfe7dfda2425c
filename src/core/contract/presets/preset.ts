/**
 * How sure a fact is: `V` read on the vendor's own page or in its own specification, `S` in a copy that quotes the
 * vendor, `K` known but not read: to be checked before somebody relies on it.
 */
type Mark = 'V' | 'S' | 'K';

/** Something that a preset takes for true of an API. */
export type Fact = { readonly about: string; readonly mark: Mark; readonly source: string };

type Keys = Readonly<Record<string, unknown>>;

/**
 * What is known of an API: keys of a system contract and of its entities, for a contract to begin with. Plain data: it
 * is checked as a contract once it is one.
 */
export type Preset = {
  readonly name: string;
  /** Grows with each change of what a contract is filled with. */
  readonly version: number;
  readonly title: string;
  /** Keys that every entity must give itself. */
  readonly needs: readonly string[];
  readonly system: Keys;
  readonly entity: Keys;
  /** Keys in place of those of `entity`, by the entity's `object`. */
  readonly objects: Readonly<Record<string, Keys>>;
  readonly facts: readonly Fact[];
};
