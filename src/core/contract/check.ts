import type { z } from 'zod';
import { compileExpression } from '../mapping/expression.ts';
import { fieldValue } from '../mapping/field-value.ts';
import { compilePattern } from '../mapping/pattern.ts';
import { type ContractProblem, show } from './contract-problem.ts';
import { environmentOfSecret } from './name.ts';
import { isPrivateHost } from './private-host.ts';
import { type Expansion, expandPreset, presets } from './presets/expand.ts';
import { isTokenAuth, secretNames } from './system-auth.ts';
import { type FieldContract, type SyncContract, syncContract } from './sync-contract.ts';
import { type SystemContract, systemContract } from './system-contract.ts';

export type ContractCheck =
  | { readonly kind: 'system'; readonly contract: SystemContract }
  | { readonly kind: 'sync'; readonly contract: SyncContract }
  | { readonly kind: 'problems'; readonly problems: readonly ContractProblem[] };

const at = (document: unknown, path: readonly PropertyKey[]): unknown => {
  let current = document;
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Object.entries(current).find(([key]) => key === String(step))?.[1];
  }
  return current;
};

type OtherIssue = Exclude<z.core.$ZodIssue, { code: 'unrecognized_keys' }>;

const remedyFor = (issue: OtherIssue): string => {
  switch (issue.code) {
    case 'invalid_value':
      return `Use one of: ${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      return `Give a value of type ${issue.expected}`;
    case 'too_big':
      return `Use at most ${String(issue.maximum)}`;
    case 'too_small':
      return `Use at least ${String(issue.minimum)}`;
    case 'custom':
    case 'invalid_format':
    case 'invalid_element':
    case 'invalid_key':
    case 'not_multiple_of':
      return 'Correct the value; the JSON Schema next to the contracts completes it in an editor';
    case 'invalid_union':
      return issue.discriminator === undefined
        ? 'Compare with the examples in contracts/'
        : `Set "${issue.discriminator}" to a value that exists`;
  }
};

/** An address without its user, password and query, which must not come into a log. */
const showUrl = (url: string): string | undefined => show(url.replace(/\/\/[^/]*@/, '//').replace(/[?#].*$/s, ''));

/** Who writes a secret under `auth` in the place of its name must not find it in a log. */
const showAt = (document: unknown, path: readonly PropertyKey[]): string | undefined => {
  const value = at(document, path);
  if ((path[0] === 'baseUrl' || path[1] === 'tokenUrl') && typeof value === 'string') return showUrl(value);
  return path[0] === 'auth' && path.at(-1) !== 'kind' && value !== undefined ? '(not shown)' : show(value);
};

const unknownKey = (document: unknown, path: readonly PropertyKey[], key: string): ContractProblem => ({
  path: path.map(String).join('.'),
  message: `Unrecognized key: "${key}"`,
  value: showAt(document, [...path, key]),
  remedy: `Remove "${key}" or correct the spelling`,
});

const RESERVED_KEY = '__proto__';

const fromIssue = (document: unknown, issue: z.core.$ZodIssue): ContractProblem[] => {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.filter((key) => key !== RESERVED_KEY);
    return keys.map((key) => unknownKey(document, issue.path, key));
  }
  const isMissing = issue.code === 'invalid_type' && at(document, issue.path) === undefined;
  return [
    {
      path: issue.path.map(String).join('.'),
      message: isMissing ? 'is missing' : issue.message,
      value: showAt(document, issue.path),
      remedy: remedyFor(issue),
    },
  ];
};

/** In a map of names the parser passes over such keys without a word, and what is not read must not look as if it were. */
const reservedKeys = (document: unknown, path: readonly string[]): ContractProblem[] => {
  const value = at(document, path);
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((key) =>
    key === RESERVED_KEY ? [unknownKey(document, path, key)] : reservedKeys(document, [...path, key]),
  );
};

const problemsOf = (document: unknown, issues: readonly z.core.$ZodIssue[]): ContractProblem[] => [
  ...issues.flatMap((issue) => fromIssue(document, issue)),
  ...reservedKeys(document, []),
];

const checkFields = (sync: SyncContract): ContractProblem[] => {
  const problems: ContractProblem[] = [];
  const seen = new Map<string, number>();
  for (const [index, field] of sync.fields.entries()) {
    const path = `fields.${index}`;
    const first = seen.get(field.target);
    if (first !== undefined) {
      problems.push({
        path: `${path}.target`,
        message: `maps the same target field as fields.${first}`,
        value: show(field.target),
        remedy: 'Keep one of the two',
      });
    }
    seen.set(field.target, index);
    if (`${sync.target.externalIdField}.`.startsWith(`${field.target}.`)) {
      problems.push({
        path: `${path}.target`,
        message: 'is or holds the external ID, which Tidemark writes itself',
        value: show(field.target),
        remedy: 'Remove the field',
      });
    }
    const compiled = field.expression === undefined ? undefined : compileExpression(field.expression);
    if (compiled?.kind === 'refused') {
      problems.push({
        path: `${path}.expression`,
        message: compiled.reason,
        value: show(field.expression),
        remedy: 'Correct the expression; see docs/contracts.md',
      });
    }
    const pattern = field.pattern === undefined ? undefined : compilePattern(field.pattern);
    if (pattern?.kind === 'refused') {
      problems.push({
        path: `${path}.pattern`,
        message: pattern.reason,
        value: show(field.pattern),
        remedy: 'Write a pattern without nested repetition or back-references',
      });
    }
    problems.push(...checkEnum(field, path));
  }
  return problems;
};

/** A value that no field of the type ever has: every record with it would be held. */
const checkEnum = (field: FieldContract, path: string): ContractProblem[] =>
  (field.enum ?? []).flatMap((value, index) => {
    const typed = fieldValue(field.type, value);
    if (typed.kind === 'value' && typed.value === value) return [];
    const remedy = `Write it as a field of type ${field.type} has it, or change the type`;
    return [{ path: `${path}.enum.${index}`, message: `is no ${field.type}`, value: show(value), remedy }];
  });

const checkSystem = (system: SystemContract): ContractProblem[] => [
  ...checkAddress(system, 'baseUrl', system.baseUrl),
  ...(isTokenAuth(system.auth) ? checkAddress(system, 'auth.tokenUrl', system.auth.tokenUrl) : []),
  ...checkSecrets(system),
];

const checkSecrets = ({ auth, environment }: SystemContract): ContractProblem[] => {
  const named = new Set(secretNames(auth));
  return Object.entries(auth).flatMap(([key, name]) => {
    const owner = name !== undefined && named.has(name) ? environmentOfSecret(name) : undefined;
    if (owner === undefined || owner === environment) return [];
    const remedy = `Name a secret of ${environment}`;
    return [{ path: `auth.${key}`, message: `is a secret of ${owner} by its name`, value: show(name), remedy }];
  });
};

const checkAddress = ({ allowPrivateHosts }: SystemContract, path: string, address: string): ContractProblem[] => {
  const url = new URL(address);
  const problems: ContractProblem[] = [];
  if (!allowPrivateHosts && isPrivateHost(url.hostname)) {
    problems.push({
      path,
      message: 'is an address in a private network',
      value: showUrl(address),
      remedy: 'Use a public address, or set allowPrivateHosts: true when this is meant',
    });
  }
  if (url.protocol === 'http:' && !(allowPrivateHosts && isPrivateHost(url.hostname))) {
    problems.push({
      path,
      message: 'would send credentials unencrypted',
      value: showUrl(address),
      remedy: 'Use https',
    });
  }
  if (url.username !== '' || url.password !== '' || url.search !== '') {
    problems.push({
      path,
      message: 'must hold neither credentials nor a query',
      value: undefined,
      remedy: 'Name a secret under auth',
    });
  }
  return problems;
};

const presetProblems = (failed: Exclude<Expansion, { kind: 'document' }>): ContractProblem[] => {
  if (failed.kind === 'missing') {
    return failed.missing.map(({ path, preset, key }) => ({
      path,
      message: `is missing, and preset "${preset.name}" cannot know it`,
      value: undefined,
      remedy: `Give "${key}"; see docs/contracts.md`,
    }));
  }
  const names = presets.map(({ name }) => name).join(', ');
  return [{ path: 'preset', message: 'is no preset', value: show(failed.name), remedy: `Use one of: ${names}` }];
};

const kindOf = (document: unknown): unknown => at(document, ['tidemark']);

/**
 * Checks one contract document: its shape, then what a schema cannot say (duplicate targets, expressions, patterns,
 * addresses). Unknown keys are errors.
 *
 * @param document a YAML or JSON document, already parsed
 */
export const checkContract = (document: unknown): ContractCheck => {
  const kind = kindOf(document);
  if (kind === 'system/v1') {
    const expanded = expandPreset(document);
    if (expanded.kind !== 'document') return { kind: 'problems', problems: presetProblems(expanded) };
    const parsed = systemContract.safeParse(expanded.document);
    const unread = problemsOf(expanded.document, parsed.error?.issues ?? []);
    if (!parsed.success) return { kind: 'problems', problems: unread };
    const problems = [...unread, ...checkSystem(parsed.data)];
    return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'system', contract: parsed.data };
  }
  if (kind === 'sync/v1') {
    const parsed = syncContract.safeParse(document);
    const unread = problemsOf(document, parsed.error?.issues ?? []);
    if (!parsed.success) return { kind: 'problems', problems: unread };
    const problems = [...unread, ...checkFields(parsed.data)];
    return problems.length > 0 ? { kind: 'problems', problems } : { kind: 'sync', contract: parsed.data };
  }
  const value = show(kind);
  return {
    kind: 'problems',
    problems: [
      {
        path: 'tidemark',
        message: 'must say which kind of contract this is',
        value,
        remedy: 'Set it to system/v1 or sync/v1',
      },
    ],
  };
};
