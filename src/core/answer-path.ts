import { isJsonObject, type JsonValue } from './json.ts';

/** One step: a quoted name (`["@odata.nextLink"]`), the item that has a value (`[relation=next]`), or a bare name or number. */
const STEP = /\["([^"]*)"\]|\[([^=\]]+)=([^\]]*)\]|([^.[\]]+)/g;

/**
 * Reads the value at a path into an answer: as `valueAt`, and besides `link[relation=next].url` for the first item of a list
 * whose `relation` is "next", and `["a.b"]` for a name with dots in it.
 *
 * @returns undefined when any step of the path is absent
 */
export const answerAt = (value: JsonValue | undefined, path: string): JsonValue | undefined => {
  let current = value;
  for (const [, quoted, key, wanted, bare] of path.matchAll(STEP)) {
    if (current === undefined) return undefined;
    current = key === undefined ? stepInto(current, quoted ?? bare ?? '') : itemWith(current, key, wanted ?? '');
  }
  return current;
};

const stepInto = (value: JsonValue, step: string): JsonValue | undefined => {
  if (isList(value)) return /^(?:0|[1-9]\d{0,8})$/.test(step) ? value[Number(step)] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
};

const itemWith = (value: JsonValue, key: string, wanted: string): JsonValue | undefined =>
  isList(value) ? value.find((item) => isJsonObject(item) && isText(stepInto(item, key), wanted)) : undefined;

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

const isText = (value: JsonValue | undefined, wanted: string): boolean =>
  value === wanted || (typeof value !== 'object' && JSON.stringify(value) === wanted);
