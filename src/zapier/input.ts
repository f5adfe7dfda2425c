import * as zod from 'zod';

/** The user's input cannot be used. The message names fields and rules, and never a value: values may be a record's. */
export class InputError extends Error {
  readonly nextStep: string;

  constructor(message: string, nextStep = 'Correct the fields of this step') {
    super(message);
    this.name = 'InputError';
    this.nextStep = nextStep;
  }
}

/** With `cleanInputData: false` a field that was left empty arrives as '' or null. */
export const isBlank = (value: unknown): boolean => value === undefined || value === null || value === '';

/** A field that may be left empty: then it is undefined. */
export const optional = <S extends zod.ZodType>(schema: S): zod.ZodType<zod.output<S> | undefined> =>
  zod.preprocess((value) => (isBlank(value) ? undefined : value), schema.optional());

/** A field that has a default, also when it was left empty. */
export const withDefault = <S extends zod.ZodType>(schema: S, otherwise: zod.input<S>): zod.ZodType<zod.output<S>> =>
  zod.preprocess((value) => (isBlank(value) ? otherwise : value), schema);

const whatIsWrong = (issue: zod.core.$ZodIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'string' ? 'must be filled in' : `must be of type ${issue.expected}`;
    case 'invalid_value':
      return `must be one of: ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `must be at most ${String(issue.maximum)}${issue.origin === 'string' ? ' characters long' : ''}`;
    case 'too_small':
      return `must be at least ${String(issue.minimum)}${issue.origin === 'string' ? ' characters long' : ''}`;
    case 'invalid_format':
    case 'custom':
      return issue.message;
    case 'not_multiple_of':
      return `must be a multiple of ${String(issue.divisor)}`;
    case 'invalid_union':
    case 'invalid_element':
    case 'invalid_key':
    case 'unrecognized_keys':
      return 'holds nothing that can be used';
  }
};

/**
 * Reads the input fields of a step.
 *
 * @param labels what the editor calls each field
 * @throws InputError that names the fields at fault
 */
export const parseInput = <S extends zod.ZodType>(
  schema: S,
  labels: Readonly<Record<string, string>>,
  inputData: unknown,
): zod.output<S> => {
  const parsed = schema.safeParse(inputData);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const key = String(issue.path[0] ?? '');
    return `the field "${labels[key] ?? key}" ${whatIsWrong(issue)}`;
  });
  throw new InputError(problems.join('; '));
};
