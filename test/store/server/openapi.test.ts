import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { routes } from '../../../src/core/protocol/routes.ts';
import { openApiDocument } from '../../../src/store/server/openapi.ts';
import { createSmallStore } from './small-store.ts';
import { closeServers, startServer } from './harness.ts';
// The schema that the OpenAPI Initiative publishes (Apache-2.0); the vocabulary of schema objects is checked apart.
import openApi31 from './fixtures/openapi-3.1.schema.json' with { type: 'json' };

afterEach(closeServers);

const document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))),
  components: z.looseObject({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
});

test('the document is valid OpenAPI 3.1', () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(openApi31);
  validate(openApiDocument('1.2.3'));
  expect(validate.errors).toBeNull();
});

test('every reference in it leads somewhere', () => {
  const text = JSON.stringify(openApiDocument('1.2.3'));
  const refs = [...new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? ''))];
  const lost = refs.filter((ref) => {
    const found = ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, step) => z.record(z.string(), z.unknown()).safeParse(at).data?.[step], JSON.parse(text));
    return !ref.startsWith('#/') || found === undefined;
  });
  expect(refs.length).toBeGreaterThan(20);
  expect(lost).toEqual([]);
});

test('every schema in it compiles, and instants are dates in requests and replies', () => {
  const { components } = document.parse(openApiDocument('1.2.3'));
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'https://all.example/all', components });
  for (const name of Object.keys(components.schemas)) {
    expect(ajv.getSchema(`https://all.example/all#/components/schemas/${name}`)).toBeInstanceOf(Function);
  }
  const instant = { updatedAt: { type: 'string', format: 'date-time' } };
  expect(components.schemas['CursorRequest']).toMatchObject({ properties: instant });
  expect(components.schemas['CursorReply']).toMatchObject({ properties: instant });
});

test('it lists every operation of the route table and no other', () => {
  const { paths } = document.parse(openApiDocument('1.2.3'));
  const listed = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`),
  );
  const wanted = Object.entries(routes).map(
    ([name, route]) => `${name} ${route.method} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`,
  );
  expect(listed.toSorted()).toEqual(wanted.toSorted());
});

test('the store serves the document it promises', async () => {
  const { app } = startServer(createSmallStore());
  expect((await app.inject({ url: '/v1/openapi.json' })).json()).toEqual(
    JSON.parse(JSON.stringify(openApiDocument('1.2.3'))),
  );
});
