import { z } from 'zod';
import { InvalidRequest, type RequestFault, type RequestPart, faultsOf } from './invalid-request.ts';

const FAULTS_SHOWN_MAX = 20;

/** A part of a request as it arrived, with the schema that it must meet. */
export type Unparsed<Schema extends z.ZodType> = {
  readonly part: RequestPart;
  readonly schema: Schema;
  readonly value: unknown;
};

type Parsed<Schema extends z.ZodType> =
  | { readonly kind: 'parsed'; readonly value: z.output<Schema> }
  | { readonly kind: 'faults'; readonly faults: readonly RequestFault[] };

/** A filter that is ignored without a word answers a question that nobody asked. */
const unknownQuery = (value: unknown, known: unknown): RequestFault[] => {
  const names = new Set(Object.keys(z.record(z.string(), z.unknown()).parse(known)));
  return Object.keys(z.record(z.string(), z.unknown()).parse(value))
    .filter((name) => !names.has(name))
    .map((name) => ({ pointer: `/${name}`, detail: 'query parameter: is not known here' }));
};

const parsePart = <Schema extends z.ZodType>({ part, schema, value }: Unparsed<Schema>): Parsed<Schema> => {
  const parsed = safely(schema, value);
  if (!parsed.success) return { kind: 'faults', faults: faultsOf(parsed.error, part) };
  const unknown = part === 'query parameter' ? unknownQuery(value, parsed.data) : [];
  return unknown.length > 0 ? { kind: 'faults', faults: unknown } : { kind: 'parsed', value: parsed.data };
};

const safely = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.ZodSafeParseResult<z.output<Schema>> => {
  try {
    return schema.safeParse(value);
  } catch (error) {
    // A body nested tens of thousands deep ends the recursion that checks it.
    if (error instanceof RangeError) throw new InvalidRequest('The request is nested too deeply');
    throw error;
  }
};

/**
 * Parses both parts of a request, so that one answer names everything that is wrong with it.
 *
 * @throws InvalidRequest naming at most 20 faults
 */
export const parseRequest = <Params extends z.ZodType, Request extends z.ZodType>(
  params: Unparsed<Params>,
  request: Unparsed<Request>,
): readonly [z.output<Params>, z.output<Request>] => {
  const [first, second] = [parsePart(params), parsePart(request)];
  if (first.kind === 'parsed' && second.kind === 'parsed') return [first.value, second.value];
  const faults = [first, second].flatMap((one) => (one.kind === 'faults' ? one.faults : []));
  throw new InvalidRequest(
    `The request has ${faults.length} fault${faults.length === 1 ? '' : 's'}`,
    faults.slice(0, FAULTS_SHOWN_MAX),
  );
};
