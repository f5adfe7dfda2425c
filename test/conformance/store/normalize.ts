import { isJsonObject, type JsonValue } from '../../../src/core/json.ts';

const NAMED = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}/g;

/**
 * Makes what two stores say comparable: IDs, digests and hashes, which each store makes by itself, are numbered in the
 * order in which they appear. Give one of these everything that one store says, in order.
 */
export const createNormalizer = (): ((value: JsonValue) => JsonValue) => {
  const numbers = new Map<string, string>();
  const numberOf = (name: string): string => {
    const known = numbers.get(name) ?? `#${numbers.size + 1}`;
    numbers.set(name, known);
    return known;
  };
  const normalize = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') {
      // A leaf of the evidence is JSON in a text, and canonical: its members stand in order.
      return value.replaceAll(NAMED, numberOf);
    }
    if (Array.isArray(value)) return value.map((one: JsonValue) => normalize(one));
    if (!isJsonObject(value)) return value;
    // Why something is refused is said in words that may change, and one may say more than the other.
    const told = value['kind'] === 'refused' ? { ...value, reason: '' } : value;
    const members = Object.entries(told).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(members.map(([name, member]) => [name, normalize(member)]));
  };
  return normalize;
};
