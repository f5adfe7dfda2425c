import { checkContract } from '../../../src/core/contract/check.ts';
import { checkBundle } from '../../../src/core/contract/check-bundle.ts';
import type { ContractProblem } from '../../../src/core/contract/contract-problem.ts';
import { presets } from '../../../src/core/contract/presets/expand.ts';
import type { Preset } from '../../../src/core/contract/presets/preset.ts';
import type { SystemContract } from '../../../src/core/contract/system-contract.ts';
import { syncContract } from '../../../src/core/contract/sync-contract.ts';
import { restSystem, sync } from './documents.ts';

const document = (entity: object = {}, keys: object = {}): object => ({
  tidemark: 'system/v1',
  name: 'crm',
  environment: 'pilot',
  preset: 'hubspot',
  baseUrl: 'https://api.example.com',
  entities: { contact: { object: 'contacts', select: ['email'], ...entity } },
  ...keys,
});

const problemsOf = (value: unknown): readonly ContractProblem[] => {
  const check = checkContract(value);
  return check.kind === 'problems' ? check.problems : [];
};

const contractOf = (value: unknown): Extract<SystemContract, { driver: 'rest' }> => {
  const check = checkContract(value);
  if (check.kind !== 'system' || check.contract.driver !== 'rest') throw new Error(JSON.stringify(check));
  return check.contract;
};

/** A contract of a preset with nothing but the keys that it needs. */
const contractOfPreset = ({ name, needs, objects, system }: Preset): SystemContract => {
  const codec = { kind: 'notion', types: { Key: 'rich_text', Phone: 'phone_number' } };
  const [object = 'contacts'] = Object.keys(objects);
  const all: Readonly<Record<string, unknown>> = { select: ['email'], codec, object };
  const given = Object.fromEntries(needs.map((key) => [key, all[key] ?? 'contacts']));
  const named = system['driver'] === 'odata' ? {} : { externalIdField: 'Key' };
  const check = checkContract(document({}, { preset: name, entities: { contact: { ...named, ...given } } }));
  if (check.kind !== 'system') throw new Error(JSON.stringify(check));
  return check.contract;
};

test.each(presets.map((preset) => [preset.name, preset] as const))(
  'preset %s fills a contract that is checked as any other, and says how sure it is of each fact',
  (name, preset) => {
    const contract = contractOfPreset(preset);
    expect(contract.madeFrom).toEqual({ preset: name, version: preset.version });
    expect(preset.facts.every(({ mark, source }) => mark === 'K' || source !== '')).toBe(true);
  },
);

test('what a preset filled is filled once: checking it again changes nothing', () => {
  const contract = contractOf(document());
  expect(contractOf(JSON.parse(JSON.stringify(contract)))).toEqual(contract);
});

test('keys of the contract come before those of the object, and those before those of the preset', () => {
  const own = contractOf(document({ pageSize: 50, requests: { create: { method: 'PUT', path: 'mine' } } }));
  const contact = own.entities['contact'];
  expect(contact).toMatchObject({
    pageSize: 50,
    updatedAtField: 'properties.lastmodifieddate',
    requests: { create: { method: 'PUT', path: 'mine' }, find: { method: 'POST' } },
  });
  const company = contractOf(document({ object: 'companies' })).entities['contact'];
  expect(company?.updatedAtField).toBe('properties.hs_lastmodifieddate');
});

test.each([
  ['a preset that does not exist', document({}, { preset: 'nosuch' }), 'preset', 'is no preset'],
  [
    'a preset named as a member that every object has',
    document({}, { preset: 'constructor' }),
    'preset',
    'is no preset',
  ],
  [
    'a key that the preset cannot know',
    document({ select: undefined }),
    'entities.contact.select',
    'is missing, and preset "hubspot" cannot know it',
  ],
  ['an unknown key of an entity', document({ pagesize: 1 }), 'entities.contact', 'Unrecognized key: "pagesize"'],
])('%s is a problem', (_what, value, path, message) => {
  expect(problemsOf(value)).toMatchObject([{ path, message }]);
});

describe('requests that cannot be meant', () => {
  const list = (keys: object): object =>
    restSystem({}, { requests: { list: { path: 'x', query: { since: '{since}' }, ...keys } } });

  test.each([
    ['an unknown placeholder', list({ query: { a: '{sinec}' } }), /\{sinec\} is no placeholder of "list"/],
    ['a placeholder of another request', list({ query: { a: '{externalId}' } }), /\{externalId\} is no placeholder/],
    ['a value beside text without a quote', list({ query: { q: 'id > {afterId}' } }), /say in "quote"/],
    [
      'plain text beside a value in a parameter',
      list({ query: { q: 'id > {afterId}' }, quote: 'plain' }),
      /say in "quote"/,
    ],
    ['a value in a part of a segment', list({ path: 'x/eid:{cursor}' }), /say in "quote"/],
    ['a body of a GET', list({ body: {} }), /cannot be sent with GET/],
    ['a value in the name of a parameter', list({ query: { '{cursor}': 'a' } }), /cannot stand in a name/],
  ])('%s is refused', (_what, value, message) => {
    expect(problemsOf(value).map((one) => one.message)).toEqual(
      expect.arrayContaining([expect.stringMatching(message)]),
    );
  });

  test.each([
    [
      'a cursor that is sent nowhere',
      { paging: { style: 'cursor', nextAt: 'next' } },
      /needs its parameter, or \{cursor\}/,
    ],
    ['a plateau of nothing', { windowCap: { rows: 5, signal: 'plateau' } }, /needs totalAt/],
    ['an upsert without a request', { write: { mode: 'upsert' } }, /requests\.upsert/],
    ['a batch without its request', { batch: { max: 5 } }, /need each other/],
    [
      'an upsert where records are found first',
      { requests: { upsert: { method: 'PUT', path: 'x' } } },
      /must be upsert/,
    ],
    ['a write by GET', { requests: { create: { path: 'x' } } }, /must be POST, PUT or PATCH/],
    [
      'fields inside a text',
      { requests: { create: { method: 'POST', path: 'x', body: 'a {fields}', quote: 'json' } } },
      /JSON object/,
    ],
  ])('%s is refused', (_what, entity, message) => {
    expect(problemsOf(restSystem({}, entity)).map((one) => one.message)).toEqual(
      expect.arrayContaining([expect.stringMatching(message)]),
    );
  });
});

test('a sync reads again at least what its source shows late, and as much as it rounds', () => {
  const source = contractOf(document({ indexLagSeconds: 300, resolutionSeconds: 60 }));
  const contract = syncContract.parse({
    ...sync(),
    environment: 'pilot',
    source: { system: 'crm', entity: 'contact' },
    target: { system: 'crm', entity: 'contact', externalIdField: 'key' },
  });
  const problems = checkBundle(contract, source, source);
  expect(problems.map(({ path, remedy }) => `${path}: ${remedy}`)).toEqual([
    'read.overlapSeconds: Use at least 300',
    'read.resolutionSeconds: Use at least 60',
  ]);
  const enough = { ...contract, read: { ...contract.read, overlapSeconds: 300, resolutionSeconds: 60 } };
  expect(checkBundle(enough, source, source)).toEqual([]);
});

test('a field that Notion cannot be told the type of is a problem', () => {
  const codec = { kind: 'notion', types: { key: 'rich_text' } };
  const target = contractOf(document({ object: 'source', codec }, { preset: 'notion' }));
  const contract = syncContract.parse({
    ...sync(),
    environment: 'pilot',
    source: { system: 'crm', entity: 'contact' },
    target: { system: 'crm', entity: 'contact', externalIdField: 'key' },
    fields: [{ target: 'Untyped', source: 'name' }],
    read: { resolutionSeconds: 60 },
  });
  expect(checkBundle(contract, target, target)).toMatchObject([{ path: 'fields.0.target', value: '"Untyped"' }]);
});

/** Presets that update with PUT, which may take away what it does not name. */
const replacing = ['fhir'];

test.each(presets.map((preset) => [preset.name, preset] as const))(
  'fields may be owned by a target of preset %s, unless it writes records anew',
  (name, preset) => {
    const target = contractOfPreset(preset);
    const contract = syncContract.parse({
      ...sync(),
      environment: 'pilot',
      source: { system: 'crm', entity: 'contact' },
      target: { system: 'crm', entity: 'contact', externalIdField: 'Key' },
      fields: [{ target: 'Phone', source: 'phone', owner: 'target' }],
      read: { overlapSeconds: 120, resolutionSeconds: 60 },
    });
    const problems = checkBundle(contract, target, target).filter(({ path }) => path.startsWith('fields'));
    expect(problems).toHaveLength(replacing.includes(name) ? 1 : 0);
  },
);
