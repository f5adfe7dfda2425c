import { z } from 'zod';
import { problemStatus } from '../../core/protocol/problem.ts';
import type { AnyRoute } from '../../core/protocol/route.ts';
import { type RouteName, routes } from '../../core/protocol/routes.ts';
import { type Components, nameComponents } from './openapi-components.ts';

type Json = Readonly<Record<string, unknown>>;

const jsonContent = (schema: Json): Json => ({ 'application/json': { schema } });
const problemContent: Json = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

/** Path parameters and query parameters, one entry a member of their object schema. */
const parametersOf = (schema: z.ZodType, place: 'path' | 'query'): Json[] => {
  const { properties = {}, required = [] } = objectSchema.parse(
    z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
  );
  return Object.entries(properties).map(([name, member]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: member,
  }));
};

const objectSchema = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
});

const refusals: Json = {
  '400': { $ref: '#/components/responses/Problem' },
  '401': { $ref: '#/components/responses/Problem' },
  '403': { $ref: '#/components/responses/Problem' },
  default: { $ref: '#/components/responses/Problem' },
};

const operationOf = (name: RouteName, components: Components): Json => {
  const route: AnyRoute = routes[name];
  const hasBody = route.method === 'PUT' || route.method === 'POST';
  const parameters = [...parametersOf(route.params, 'path'), ...(hasBody ? [] : parametersOf(route.request, 'query'))];
  return {
    operationId: name,
    summary: route.summary,
    description: `Roles: ${route.roles.join(', ')}`,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(hasBody ? { requestBody: { required: true, content: jsonContent(components.requestRef(name)) } } : {}),
    responses: { '200': { description: 'Done', content: jsonContent(components.replyRef(name)) }, ...refusals },
  };
};

const pathOf = (route: AnyRoute): string => route.path.replaceAll(/:(\w+)/g, '{$1}');

/**
 * The OpenAPI 3.1 document of the API, made from the schemas that requests and replies are parsed with, so that it
 * cannot promise anything else.
 *
 * Made here and not by fastify-type-provider-zod 7: that writes references to schemas it does not include, loses the
 * type of every instant in a reply, and cannot serialise one at all.
 */
export const openApiDocument = (version: string): Json => {
  const names = Object.keys(routes).filter((name): name is RouteName => Object.hasOwn(routes, name));
  const components = nameComponents(names);
  const paths: Record<string, Record<string, Json>> = {};
  for (const name of names) {
    const path = pathOf(routes[name]);
    paths[path] = { ...paths[path], [routes[name].method.toLowerCase()]: operationOf(name, components) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tidemark store',
      version,
      description: 'Checkpoints, deliveries, writes and evidence of syncs. Every operation may be repeated.',
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'tdm_<keyId>_<secret>' } },
      responses: {
        Problem: {
          description: `Refused or failed: ${Object.keys(problemStatus).join(', ')}`,
          content: problemContent,
        },
      },
      schemas: { ...components.schemas, Problem: components.problem },
    },
  };
};
