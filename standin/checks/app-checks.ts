import type { AppDefinition, FieldChild } from '../definition.ts';
import type { CheckedAction, Problem } from '../integration-checks.ts';

/** D001: an input field must not ask for a credential; those belong to the connection. */
export const checkCredentialFields = ({ action, at }: CheckedAction): readonly Problem[] => {
  const fields = (action.operation.inputFields ?? []).filter((field) => typeof field !== 'string');
  const all: readonly FieldChild[] = fields.flatMap((field) => [field, ...(field.children ?? [])]);
  return all
    .filter(({ key }) => credentialName.test(key))
    .map(({ key }) => ({
      code: 'D001',
      at: `${at}.operation.inputFields.${key}`,
      message: `The key "${key}" reads like a credential`,
    }));
};

/** D003: the connection's label names the account, and shows no secret. */
export const checkConnectionLabel = ({ authentication }: AppDefinition): readonly Problem[] => {
  if (authentication === undefined) return [];
  const label = authentication.connectionLabel ?? '';
  const problem = (message: string): readonly Problem[] => [
    { code: 'D003', at: 'authentication.connectionLabel', message },
  ];
  if (label === '') return problem('There is no connection label');
  if (label.startsWith('$func$')) return [];
  const references = [...label.matchAll(/\{\{\s*([^{}]+?)\s*\}\}/g)].map(([, path = '']) => path);
  if (references.length === 0) return problem(`The label "${label}" is the same for every account`);
  const passwords = (authentication.fields ?? []).flatMap((field) =>
    typeof field !== 'string' && field.type === 'password' ? [field.key] : [],
  );
  const secret = references.find((path) => {
    const name = path.split('.').at(-1) ?? path;
    return credentialName.test(name) || passwords.includes(name);
  });
  return secret === undefined ? [] : problem(`The label shows the secret "${secret}"`);
};

/** D028: Zapier is to leave empty values alone. */
export const checkCleanInputData = ({ flags }: AppDefinition): readonly Problem[] =>
  flags?.cleanInputData === false
    ? []
    : [{ code: 'D028', at: 'flags.cleanInputData', message: 'cleanInputData is not set to false' }];

const credentialName = /(?:api|access|auth|secret|private)_?(?:key|token)|password|passwd|secret|credential/i;
