import type { InputField } from '../definition.ts';
import type { CheckedAction, Problem } from '../integration-checks.ts';

/** D008: links in descriptions and help texts lead somewhere; a bare address is a link or in backticks. */
export const checkLinks = (checked: CheckedAction): readonly Problem[] => {
  const { action, at } = checked;
  const texts = [
    { at: `${at}.display.description`, text: action.display.description ?? '' },
    ...staticFields(checked).map(({ key, helpText }) => ({ at: fieldAt(at, key), text: helpText ?? '' })),
  ];
  return texts.flatMap(({ at: place, text }) =>
    linkProblems(text).map((message) => ({ code: 'D008', at: place, message })),
  );
};

/** D011: a help text says more than its field's label. */
export const checkHelpText = (checked: CheckedAction): readonly Problem[] =>
  staticFields(checked)
    .filter(({ helpText, label }) => helpText !== undefined && plain(helpText) === plain(label ?? ''))
    .map(({ key }) => ({
      code: 'D011',
      at: fieldAt(checked.at, key),
      message: 'The help text says the label again',
    }));

/** D018: labels are in Title Case. */
export const checkLabel = ({ action, at }: CheckedAction): readonly Problem[] => {
  const label = action.display.label ?? '';
  return label !== '' && isTitleCase(label)
    ? []
    : [{ code: 'D018', at: `${at}.display.label`, message: `The label "${label}" is not in Title Case` }];
};

/** D021: a trigger's description says when it triggers, in one sentence of the usual form. */
export const checkDescription = ({ kind, action, at }: CheckedAction): readonly Problem[] => {
  const description = action.display.description ?? '';
  if (kind !== 'trigger' || (description.startsWith('Triggers when ') && description.endsWith('.'))) return [];
  const message = `The description does not read "Triggers when ... .": "${description}"`;
  return [{ code: 'D021', at: `${at}.display.description`, message }];
};

const staticFields = ({ action }: CheckedAction): readonly InputField[] =>
  (action.operation.inputFields ?? []).filter((field) => typeof field !== 'string');

const fieldAt = (at: string, key: string): string => `${at}.operation.inputFields.${key}.helpText`;

const plain = (text: string): string => text.trim().replace(/\.$/, '').toLowerCase();

const linkProblems = (text: string): readonly string[] => {
  const prose = text.replace(/`[^`]*`/g, '');
  const targets = [...prose.matchAll(/\[[^\]]*\]\(([^)]*)\)/g)].map(([, target = '']) => target);
  const broken = targets.filter((target) => !isAddress(target));
  const bare = prose.replace(/\[[^\]]*\]\([^)]*\)/g, '').match(/https?:\/\/\S+/g) ?? [];
  return [
    ...broken.map((target) => `The link "${target}" leads nowhere`),
    ...bare.map((address) => `The address ${address} is neither a link nor in backticks`),
  ];
};

const isAddress = (target: string): boolean => URL.canParse(target) && /^(?:https?|mailto):/.test(target);

const smallWords: ReadonlySet<string> = new Set([
  'a',
  'an',
  'and',
  'as',
  'at',
  'but',
  'by',
  'for',
  'from',
  'in',
  'into',
  'nor',
  'of',
  'on',
  'onto',
  'or',
  'per',
  'the',
  'to',
  'up',
  'via',
  'with',
]);

const isTitleCase = (label: string): boolean => {
  const words = label.split(/[\s/-]+/).filter((word) => /^\p{L}/u.test(word));
  return words.every((word, position) => {
    const isInside = position > 0 && position < words.length - 1;
    return (isInside && smallWords.has(word)) || /^\p{Lu}/u.test(word);
  });
};
