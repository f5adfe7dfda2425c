import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ensureBuiltApp } from '../../scripts/built-app.ts';
import { staticOutputFields, type ActionDefinition } from '../../standin/definition.ts';
import { checkDefinition } from '../../standin/integration-checks.ts';
import { createSeededRandom } from '../../standin/seeded-random.ts';
import { createVirtualClock } from '../../standin/virtual-clock.ts';
import { createZapier, type Zapier } from '../../standin/zapier.ts';

const BUILD_TIMEOUT_MS = 240_000;

let zapier: Zapier;
beforeAll(async () => {
  zapier = await createZapier({
    appDir: await ensureBuiltApp(),
    clock: createVirtualClock(0),
    random: createSeededRandom(1),
  });
}, BUILD_TIMEOUT_MS);
afterAll(() => zapier.close());

const actions = (): readonly ActionDefinition[] => {
  const { triggers, creates, searches } = zapier.definition();
  return [...Object.values(triggers), ...Object.values(creates), ...Object.values(searches)];
};

test("Zapier's schema finds no fault with the app", async () => {
  expect(await zapier.validate()).toEqual([]);
});

test("the app passes those of Zapier's integration checks that its definition decides", () => {
  expect(checkDefinition(zapier.definition())).toEqual([]);
});

test('the app has the version of the package', () => {
  const file = readFileSync(path.resolve(__dirname, '../../package.json'), 'utf8');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(file));
  expect(zapier.definition().version).toBe(version);
});

test('every input field has a label and a help text that ends a sentence', () => {
  const { authentication } = zapier.definition();
  const fields = [
    ...actions().flatMap(({ operation }) => operation.inputFields ?? []),
    ...(authentication?.fields ?? []),
  ];
  // A group of line items may have no help text of its own, by Zapier's schema: its fields have.
  const stated = fields
    .filter((field) => typeof field !== 'string')
    .flatMap((field) => (field.children === undefined ? [field] : field.children));
  const wanting = stated.filter(({ label = '', helpText = '' }) => label === '' || !/[.)]$/.test(helpText));
  expect(stated.length).toBeGreaterThan(10);
  expect(wanting.map(({ key }) => key)).toEqual([]);
});

test('the field of a pasted key links to where a key is made', () => {
  const fields = (zapier.definition().authentication?.fields ?? []).filter((field) => typeof field !== 'string');
  const { helpText } = fields.find(({ type }) => type === 'password') ?? {};
  expect(helpText).toMatch(/\[[^\]]+\]\(https:\/\/[^)]+\)/);
});

test('every stated output field is in the sample, with a label', () => {
  const absent = actions().flatMap((action) => {
    const sample = new Set(Object.keys(action.operation.sample ?? {}));
    return staticOutputFields(action).filter((field) => !sample.has(field.key) || field['label'] === undefined);
  });
  expect(absent).toEqual([]);
});

test('the lists behind dropdowns are hidden, and every dropdown has its list', () => {
  const { triggers } = zapier.definition();
  const named = actions().flatMap(({ operation }) =>
    (operation.inputFields ?? []).flatMap((field) => (typeof field === 'string' ? [] : (field.dynamic ?? []))),
  );
  const lists = [...new Set(named.map((dynamic) => dynamic.split('.')[0] ?? ''))];
  expect(lists.toSorted()).toEqual(['stream_list', 'sync_list']);
  expect(lists.filter((key) => triggers[key]?.display.hidden !== true)).toEqual([]);
});
