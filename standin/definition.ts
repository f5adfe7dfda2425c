import { z } from 'zod';

/**
 * The parts of a serialised app definition that the stand-in acts on; functions are strings in it.
 * Everything else is kept as it is, for the integration checks.
 */
const fieldChild = z.looseObject({
  key: z.string(),
  label: z.string().optional(),
  type: z.string().optional(),
  required: z.boolean().optional(),
  list: z.boolean().optional(),
  helpText: z.string().optional(),
});

export const inputField = fieldChild.extend({
  dict: z.boolean().optional(),
  default: z.string().optional(),
  dynamic: z.string().optional(),
  choices: z.unknown().optional(),
  children: z.array(fieldChild).optional(),
  meta: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

const outputField = z.looseObject({
  key: z.string(),
  type: z.string().optional(),
  primary: z.boolean().optional(),
  required: z.boolean().optional(),
  steadyState: z.boolean().optional(),
});

/** In a definition a field that a function computes is a string such as `$func$2$f$`. */
const orFunction = <Schema extends z.ZodType>(schema: Schema) => z.array(z.union([schema, z.string()]));

const operation = z.looseObject({
  type: z.string().optional(),
  canPaginate: z.boolean().optional(),
  inputFields: orFunction(inputField).optional(),
  outputFields: orFunction(outputField).optional(),
  sample: z.unknown().optional(),
  perform: z.unknown().optional(),
  performList: z.unknown().optional(),
  performResume: z.unknown().optional(),
  performSubscribe: z.unknown().optional(),
  performUnsubscribe: z.unknown().optional(),
});

const action = z.looseObject({
  key: z.string(),
  noun: z.string().optional(),
  display: z.looseObject({
    label: z.string().optional(),
    description: z.string().optional(),
    hidden: z.boolean().optional(),
  }),
  operation,
});

const authentication = z.looseObject({
  type: z.string(),
  fields: orFunction(inputField).optional(),
  connectionLabel: z.string().optional(),
});

export const appDefinition = z.looseObject({
  version: z.string().optional(),
  platformVersion: z.string().optional(),
  authentication: authentication.optional(),
  flags: z.looseObject({ cleanInputData: z.boolean().optional() }).optional(),
  triggers: z.record(z.string(), action).default({}),
  creates: z.record(z.string(), action).default({}),
  searches: z.record(z.string(), action).default({}),
});

export type AppDefinition = z.infer<typeof appDefinition>;
export type ActionDefinition = z.infer<typeof action>;
export type InputField = z.infer<typeof inputField>;
export type FieldChild = z.infer<typeof fieldChild>;
export type OutputField = z.infer<typeof outputField>;

export type ActionKind = 'trigger' | 'create' | 'search';

/** The word for each kind in method paths and in the definition. */
export const pluralOf = { trigger: 'triggers', create: 'creates', search: 'searches' } as const;

/** Throws for a key that the app does not have: whoever names it wrote it by hand. */
export const findAction = (definition: AppDefinition, kind: ActionKind, key: string): ActionDefinition => {
  const found = definition[pluralOf[kind]][key];
  if (found === undefined) throw new Error(`The app has no ${kind} "${key}"`);
  return found;
};

/** The output fields that the definition states; computed ones are left out, as the primary key ignores them. */
export const staticOutputFields = ({ operation: { outputFields } }: ActionDefinition): readonly OutputField[] =>
  (outputFields ?? []).filter((field) => typeof field !== 'string');
