import type { SyncContract } from '../core/contract/sync-contract.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../core/json.ts';
import { OVERRIDE_PREFIX } from './contract-fields.ts';
import { InputError, isBlank } from './input.ts';
import { fetchContract, type Shell } from './shell.ts';

const given = (inputData: unknown): (readonly [string, JsonValue])[] => {
  if (!isJsonObject(inputData)) return [];
  return Object.entries(inputData)
    .filter(([key, value]) => key.startsWith(OVERRIDE_PREFIX) && !isBlank(value))
    .map(([key, value]) => [key.slice(OVERRIDE_PREFIX.length), value] as const);
};

const parsed = (label: string, text: string): JsonValue => {
  try {
    return parseJson(text);
  } catch {
    // The parser's message quotes the text.
    throw new InputError(
      `the field "${label}" holds no JSON`,
      'Write text in quotes, or an object, a list or a number',
    );
  }
};

const inType = (sync: SyncContract, [target, value]: readonly [string, JsonValue]): [string, JsonValue] => {
  const field = sync.fields.find((one) => one.target === target);
  const isText = field?.type === 'json' && typeof value === 'string';
  return [target, isText ? parsed(field.label ?? target, value) : value];
};

/**
 * The fields of the target record that the step sets itself. The rest of their types is left to the mapping; only
 * JSON has to be told from text, for which the contract is needed, and that is fetched only when something was set.
 *
 * @throws InputError for a JSON field that holds none
 */
export const readOverrides = async (shell: Shell, sync: string, inputData: unknown): Promise<JsonObject> => {
  const overrides = given(inputData);
  if (overrides.length === 0) return {};
  const contract = shell.contracts.get(sync) ?? (await fetchContract(shell, sync));
  return Object.fromEntries(overrides.map((override) => inType(contract.sync, override)));
};
