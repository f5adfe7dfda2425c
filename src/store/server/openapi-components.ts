import { z } from 'zod';
import { contractBundle } from '../../core/contract/bundle.ts';
import { anyJson } from '../../core/contract/rest/template.ts';
import { syncContract } from '../../core/contract/sync-contract.ts';
import { systemContract } from '../../core/contract/system-contract.ts';
import { payload } from '../../core/protocol/cycle-routes.ts';
import { problem } from '../../core/protocol/problem.ts';
import { type RouteName, routes } from '../../core/protocol/routes.ts';
import { checkpoint, cursor, instantText } from '../../core/read/checkpoint.ts';

type Json = Readonly<Record<string, unknown>>;
type Ref = { readonly $ref: string };

/** The named schemas of the document and how an operation refers to its own. */
export type Components = {
  readonly schemas: Json;
  readonly problem: Json;
  readonly requestRef: (name: RouteName) => Ref;
  readonly replyRef: (name: RouteName) => Ref;
};

const uri = (id: string): string => `#/components/schemas/${id}`;
const capital = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

const shared: readonly (readonly [z.ZodType, string])[] = [
  [systemContract, 'SystemContract'],
  [syncContract, 'SyncContract'],
  [contractBundle, 'ContractBundle'],
  [checkpoint, 'Checkpoint'],
  [cursor, 'Cursor'],
  [payload, 'Payload'],
  [anyJson, 'AnyJson'],
];

type Override = NonNullable<NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override']>;

/** An instant is text on the wire in both directions, though only its text form can be shown as a schema. */
const describeInstant: Override = ({ zodSchema, jsonSchema }) => {
  if (zodSchema !== instantText) return;
  jsonSchema.type = 'string';
  jsonSchema.format = 'date-time';
};

type Side = { readonly io: 'input' | 'output'; readonly suffix: 'Request' | 'Reply' };

/** Names the schemas of one direction: what a request may leave out, a reply always has. */
const nameSide = (
  names: readonly RouteName[],
  { io, suffix }: Side,
): { readonly schemas: Json; readonly ids: ReadonlyMap<z.ZodType, string> } => {
  const own = names.map((name): readonly [z.ZodType, string] => [
    suffix === 'Request' ? routes[name].request : routes[name].reply,
    `${capital(name)}${suffix}`,
  ]);
  const sharedHere = shared.map(([schema, id]): readonly [z.ZodType, string] => [schema, `${id}${suffix}`]);
  const ids = new Map<z.ZodType, string>();
  for (const [schema, id] of [...sharedHere, ...own]) if (!ids.has(schema)) ids.set(schema, id);
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of ids) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io, uri, unrepresentable: 'any', override: describeInstant });
  return { schemas: Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, embedded(schema)])), ids };
};

/** A schema inside a document is named by its place there, not by an `$id` and a dialect of its own. */
const embedded = (schema: Json): Json =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$id' && key !== '$schema'));

/** Gives every schema of the route table a name under `components`, and every operation its references. */
export const nameComponents = (names: readonly RouteName[]): Components => {
  const requests = nameSide(names, { io: 'input', suffix: 'Request' });
  const replies = nameSide(names, { io: 'output', suffix: 'Reply' });
  const refTo = (ids: ReadonlyMap<z.ZodType, string>, schema: z.ZodType): Ref => ({
    $ref: uri(ids.get(schema) ?? 'Problem'),
  });
  return {
    schemas: { ...requests.schemas, ...replies.schemas },
    problem: embedded(z.toJSONSchema(problem, { io: 'input' })),
    requestRef: (name) => refTo(requests.ids, routes[name].request),
    replyRef: (name) => refTo(replies.ids, routes[name].reply),
  };
};
