import { checkContract } from '../../../src/core/contract/check.ts';
import { checkBundle } from '../../../src/core/contract/check-bundle.ts';
import type { ContractProblem } from '../../../src/core/contract/contract-problem.ts';
import { syncContract } from '../../../src/core/contract/sync-contract.ts';
import { systemContract } from '../../../src/core/contract/system-contract.ts';
import { odataSystem, restSystem, sync, syncWithExpression, syncWithField } from './documents.ts';

const problemsOf = (document: unknown): readonly ContractProblem[] => {
  const check = checkContract(document);
  return check.kind === 'problems' ? check.problems : [];
};

const named = (path: string, message: RegExp, value: string | undefined, remedy: RegExp): object => ({
  path,
  message: expect.stringMatching(message),
  value,
  remedy: expect.stringMatching(remedy),
});

test.each([
  ['a REST system', restSystem(), 'system'],
  ['an OData system', odataSystem(), 'system'],
  ['a sync', sync(), 'sync'],
])('%s without faults passes, with its defaults filled in', (_what, document, kind) => {
  expect(checkContract(document)).toMatchObject({ kind });
});

test('the defaults are those of the schema', () => {
  expect(checkContract(sync())).toMatchObject({
    contract: {
      fields: [{ type: 'string', required: false, sensitive: false }],
      sla: { freshnessMinutes: 60 },
      read: { overlapSeconds: 120, pagesMax: 20 },
      delivery: { emitMax: 90, acknowledgeWithinSeconds: 900, attemptsMax: 8 },
      reconcile: { windowHours: 24, settleSeconds: 300, repair: false },
    },
  });
  expect(checkContract(restSystem({ auth: undefined }))).toMatchObject({
    contract: { auth: { kind: 'none' }, allowPrivateHosts: false, limits: { timeoutMs: 10_000 } },
  });
});

describe('the kind of document', () => {
  test.each([
    ['a missing kind', { name: 'x' }, undefined],
    ['an unknown kind', { tidemark: 'sync/v2' }, '"sync/v2"'],
    ['a kind that is no text', { tidemark: { sync: 1 } }, '{"sync":1}'],
    ['an empty document', null, undefined],
    ['a list', [1, 2], undefined],
    ['text', 'tidemark: sync/v1', undefined],
  ])('%s is a problem at "tidemark"', (_what, document, value) => {
    expect(problemsOf(document)).toEqual([
      {
        path: 'tidemark',
        message: 'must say which kind of contract this is',
        value,
        remedy: 'Set it to system/v1 or sync/v1',
      },
    ]);
  });
});

describe('keys that nobody knows', () => {
  test.each([
    ['of the document', sync({ tickett: 'OPS-1' }), '', ['tickett', '"OPS-1"']],
    ['of a field', syncWithField({ requierd: true }), 'fields.0', ['requierd', 'true']],
    ['of a part', sync({ read: { pageMax: 3 } }), 'read', ['pageMax', '3']],
    ['of a system', restSystem({ baseURL: 'https://a.example' }), '', ['baseURL', '"https://a.example"']],
    ['of an entity', restSystem({}, { pagesize: 3 }), 'entities.people', ['pagesize', '3']],
    ['of paging', restSystem({}, { paging: { style: 'link', by: 1 } }), 'entities.people.paging', ['by', '1']],
  ])('one %s is named with path, value and remedy', (_where, document, path, [key, value]) => {
    expect(problemsOf(document)).toEqual([
      { path, message: `Unrecognized key: "${key}"`, value, remedy: `Remove "${key}" or correct the spelling` },
    ]);
  });

  test('each of several is named by itself', () => {
    expect(problemsOf(sync({ a: 1, b: { c: 2 } })).map(({ message, value }) => [message, value])).toEqual([
      ['Unrecognized key: "a"', '1'],
      ['Unrecognized key: "b"', '{"c":2}'],
    ]);
  });

  test.each([
    ['of the document', JSON.stringify(sync()).replace('{', '{"__proto__":{"repair":true},'), ''],
    [
      'among the entities',
      JSON.stringify(restSystem()).replace('"entities":{', '"entities":{"__proto__":{},'),
      'entities',
    ],
    [
      'among the parameters',
      JSON.stringify(restSystem()).replace('"params":{', '"params":{"__proto__":"x",'),
      'entities.people.params',
    ],
  ])('one called __proto__ %s is no exception', (_where, text, path) => {
    expect(problemsOf(JSON.parse(text))).toMatchObject([{ path, message: 'Unrecognized key: "__proto__"' }]);
  });
});

describe('values', () => {
  const any = /./;
  const types = /Use one of: string, integer/;
  test.each([
    ['a type that does not exist', syncWithField({ type: 'decimal' }), named('fields.0.type', any, '"decimal"', types)],
    ['too large a number', sync({ read: { pagesMax: 101 } }), named('read.pagesMax', any, '101', /at most 100/)],
    ['too small a number', sync({ delivery: { emitMax: 0 } }), named('delivery.emitMax', any, '0', /at least 1/)],
    ['text for a number', sync({ read: { pagesMax: '3' } }), named('read.pagesMax', any, '"3"', /type number/)],
    ['a missing key', sync({ owner: undefined }), named('owner', /^is missing$/, undefined, /type string/)],
    ['a name with capitals', sync({ name: 'People' }), named('name', /lower-case/, '"People"', /Correct the value/)],
    ['an unknown environment', sync({ environment: 'p' }), named('environment', any, '"p"', /pilot, production/)],
    ['no field at all', sync({ fields: [] }), named('fields', any, '[]', /at least 1/)],
    ['an unknown driver', restSystem({ driver: 'soap' }), named('driver', any, '"soap"', /Set "driver"/)],
    ['no URL', restSystem({ baseUrl: 'api' }), named('baseUrl', /URL/, '"api"', /Correct the value/)],
    ['another kind of URL', restSystem({ baseUrl: 'ftp://a.b/' }), named('baseUrl', /URL/, '"ftp://a.b/"', /Correct/)],
    [
      'an upsert path without its key',
      restSystem({}, { write: { mode: 'upsert', path: 'people' } }),
      named('entities.people.write.path', /must hold \{externalId\}/, '"people"', any),
    ],
    [
      'a look-up template without its keys',
      restSystem({}, { findTemplate: '{field}' }),
      named('entities.people.findTemplate', /must hold \{values\}/, '"{field}"', any),
    ],
    [
      'a look-up template beside another way to carry keys',
      restSystem({}, { findTemplate: '{values}', findMany: 'comma' }),
      named('entities.people.findMany', /findTemplate both say/, '"comma"', any),
    ],
    ['an empty step', syncWithField({ source: 'a..b' }), named('fields.0.source', /joined by dots/, '"a..b"', any)],
    ['__proto__', syncWithField({ target: '__proto__' }), named('fields.0.target', /field name/, '"__proto__"', any)],
    ['a target with a dot', syncWithField({ target: 'a.b' }), named('fields.0.target', /field name/, '"a.b"', any)],
    ['an entity with a space', restSystem({ entities: { 'a b': {} } }), named('entities.a b', any, '{}', any)],
  ])('%s is named with path, value and remedy', (_what, document, problem) => {
    expect(problemsOf(document)).toContainEqual(problem);
  });

  test('a field with neither source nor expression, or with both, is a problem', () => {
    for (const field of [{ target: 'a' }, { target: 'a', source: 'a', expression: 'a' }]) {
      expect(problemsOf(sync({ fields: [field] }))).toMatchObject([
        { path: 'fields.0', message: 'must have either source or expression, and not both' },
      ]);
    }
  });

  test('a long value is shown by its beginning', () => {
    const [problem] = problemsOf(sync({ name: 'A'.repeat(500) }));
    expect(problem?.value).toBe(`"${'A'.repeat(59)}...`);
  });

  test('everything that is wrong is named at once', () => {
    const document = sync({ owner: undefined, extra: 1, fields: [{ target: 'a', source: 'a', type: 'x' }] });
    expect(
      problemsOf(document)
        .map(({ path }) => path)
        .toSorted(),
    ).toEqual(['', 'fields.0.type', 'owner']);
  });
});

describe('fields', () => {
  test('two fields of one target are a problem at the second', () => {
    const fields = [
      { target: 'name', source: 'a' },
      { target: 'other', source: 'b' },
      { target: 'name', source: 'c' },
    ];
    expect(problemsOf(sync({ fields }))).toEqual([
      {
        path: 'fields.2.target',
        message: 'maps the same target field as fields.0',
        value: '"name"',
        remedy: 'Keep one of the two',
      },
    ]);
  });

  test.each([
    ['externalId', 'externalId'],
    ['custom', 'custom.externalId'],
  ])('a field "%s" over the external ID at "%s" is a problem', (target, externalIdField) => {
    const document = sync({
      fields: [{ target, source: 'a' }],
      target: { system: 'erp', entity: 'customers', externalIdField },
    });
    expect(problemsOf(document)).toMatchObject([
      { path: 'fields.0.target', message: expect.stringContaining('external ID') },
    ]);
  });

  test('a field whose name only begins like the external ID is none', () => {
    const document = sync({
      fields: [{ target: 'external', source: 'a' }],
      target: { system: 'erp', entity: 'customers', externalIdField: 'externalId' },
    });
    expect(problemsOf(document)).toEqual([]);
  });

  test.each([
    ['name &', /is not a JSONata expression/],
    ['$now()', /uses \$now\(\)/],
    ['$millis() - 1', /uses \$millis\(\)/],
    ['$random()', /uses \$random\(\)/],
    ['$eval("1")', /uses \$eval\(\)/],
    ['$shuffle(items)', /uses \$shuffle\(\)/],
    ['$match(name, /a+/)', /uses a regular expression/],
  ])('the expression %s is refused', (expression, message) => {
    expect(problemsOf(syncWithExpression(expression))).toEqual([
      named('fields.0.expression', message, JSON.stringify(expression), /docs\/contracts\.md/),
    ]);
  });

  test.each([
    ['(a+)+', /exponential/],
    ['(a)\\1', /exponential/],
    ['[', /is not a regular expression/],
  ])('the pattern %s is refused', (pattern, message) => {
    expect(problemsOf(syncWithField({ pattern }))).toEqual([
      named('fields.0.pattern', message, JSON.stringify(pattern), /without nested repetition/),
    ]);
  });

  test('a value of an enum that no field of its type can have is a problem: every record with it would be held', () => {
    expect(
      problemsOf(syncWithField({ type: 'integer', enum: [1, '2', 3.5] })).map(({ path, value }) => [path, value]),
    ).toEqual([
      ['fields.0.enum.1', '"2"'],
      ['fields.0.enum.2', '3.5'],
    ]);
    expect(problemsOf(syncWithField({ enum: ['DE', 49] }))).toMatchObject([
      { path: 'fields.0.enum.1', message: 'is no string' },
    ]);
    expect(problemsOf(syncWithField({ type: 'date', enum: ['2026-01-01'] }))).toEqual([]);
  });
});

describe('the address of a system', () => {
  const addressProblems = (baseUrl: string, change: object = {}) => problemsOf(restSystem({ baseUrl, ...change }));

  test.each(['https://10.0.0.1/', 'https://localhost', 'https://erp/', 'https://[::1]/', 'https://2130706433/'])(
    '%s is in a private network',
    (baseUrl) => {
      expect(addressProblems(baseUrl)).toMatchObject([
        { path: 'baseUrl', message: 'is an address in a private network' },
      ]);
      expect(addressProblems(baseUrl, { allowPrivateHosts: true })).toEqual([]);
    },
  );

  test('plain http is refused, but in a private network that was allowed', () => {
    expect(addressProblems('http://api.example.com')).toEqual([
      {
        path: 'baseUrl',
        message: 'would send credentials unencrypted',
        value: '"http://api.example.com"',
        remedy: 'Use https',
      },
    ]);
    expect(addressProblems('http://10.0.0.1').map(({ message }) => message)).toEqual([
      'is an address in a private network',
      'would send credentials unencrypted',
    ]);
    expect(addressProblems('http://10.0.0.1', { allowPrivateHosts: true })).toEqual([]);
    expect(addressProblems('http://api.example.com', { allowPrivateHosts: true })).toMatchObject([
      { message: 'would send credentials unencrypted' },
    ]);
  });

  test.each([
    'https://user:hunter2@api.example.com/',
    'https://user@api.example.com/',
    'https://api.example.com/?key=hunter2',
  ])('%s is refused without being quoted', (baseUrl) => {
    expect(addressProblems(baseUrl)).toEqual([
      {
        path: 'baseUrl',
        message: 'must hold neither credentials nor a query',
        value: undefined,
        remedy: 'Name a secret under auth',
      },
    ]);
  });
});

describe('the address of a token endpoint', () => {
  const oauth = (tokenUrl: string, change: object = {}) => {
    const secrets = { clientIdSecret: 'CRM_ID_SECRET', clientSecret: 'CRM_SECRET' };
    return problemsOf(restSystem({ auth: { kind: 'oauth-client-credentials', tokenUrl, ...secrets }, ...change }));
  };

  test.each([
    ['https://10.0.0.1/token', ['is an address in a private network']],
    ['http://login.example.com/token', ['would send credentials unencrypted']],
    ['https://login.example.com/token?client_secret=hunter2', ['must hold neither credentials nor a query']],
    ['https://user:hunter2@login.example.com/token', ['must hold neither credentials nor a query']],
    ['https://login.example.com/token', []],
  ])('%s is held to the rules of a base URL', (tokenUrl, messages) => {
    const problems = oauth(tokenUrl);
    expect(problems.map(({ path, message }) => [path, message])).toEqual(messages.map((one) => ['auth.tokenUrl', one]));
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  test('in a private network that was allowed it may be plain http', () => {
    expect(oauth('http://10.0.0.1/token', { allowPrivateHosts: true })).toEqual([]);
  });
});

describe('G7 no secret is quoted', () => {
  test.each([
    [
      'in the place of the name of a key',
      restSystem({
        auth: {
          kind: 'oauth-jwt-bearer',
          tokenUrl: 'https://login.example.com/token',
          issuerSecret: 'A_SECRET',
          keySecret: '-----BEGIN PRIVATE KEY-----hunter2',
        },
      }),
    ],
    ['in an address that has other faults', restSystem({ baseUrl: 'http://user:hunter2@10.0.0.1/?key=hunter2' })],
    ['in an address of the wrong kind', restSystem({ baseUrl: 'ftp://user:hunter2@api.example.com/?key=hunter2' })],
    ['in the place of its name', restSystem({ auth: { kind: 'bearer', secret: 'hunter2' } })],
    ['in a part that is not known', restSystem({ auth: { kind: 'bearer', secret: 'A_TOKEN', token: 'hunter2' } })],
    ['under a kind that does not exist', restSystem({ auth: { kind: 'oauth', password: 'hunter2' } })],
    ['where a part is missing', restSystem({ auth: { kind: 'basic', passwordSecret: 'hunter2' } })],
    ['where text stands in the place of it all', restSystem({ auth: 'hunter2' })],
  ])('%s', (_where, document) => {
    const problems = problemsOf(document);
    expect(problems).not.toEqual([]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  test('the name of a secret must be one that Zapier censors', () => {
    for (const secret of ['PEOPLE_KEY', 'people_token', 'A']) {
      expect(problemsOf(restSystem({ auth: { kind: 'bearer', secret } }))).toContainEqual(
        expect.objectContaining({ path: 'auth.secret', value: '(not shown)' }),
      );
    }
  });
});

describe('G8 a secret that is of one environment by its name', () => {
  const named = (environment: string, secret: string) =>
    problemsOf(restSystem({ environment, auth: { kind: 'bearer', secret } })).map(({ path, message }) => [
      path,
      message,
    ]);

  test.each(['CRM_PRODUCTION_TOKEN', 'PRODUCTION_TOKEN', 'PROD_CRM_TOKEN'])('%s is not for pilot', (secret) => {
    expect(named('pilot', secret)).toEqual([['auth.secret', 'is a secret of production by its name']]);
    expect(named('production', secret)).toEqual([]);
  });

  test('CRM_PILOT_TOKEN is not for production', () => {
    expect(named('production', 'CRM_PILOT_TOKEN')).toEqual([['auth.secret', 'is a secret of pilot by its name']]);
    expect(named('pilot', 'CRM_PILOT_TOKEN')).toEqual([]);
  });

  test.each(['CRM_TOKEN', 'PRODUCTS_TOKEN', 'AUTOPILOT_TOKEN'])('%s is for both', (secret) => {
    expect([...named('pilot', secret), ...named('production', secret)]).toEqual([]);
  });

  test('what binds a secret to its hosts is no secret', () => {
    expect(named('pilot', 'CRM_TOKEN_HOSTS')).toEqual([['auth.secret', expect.stringContaining('_HOSTS')]]);
  });
});

describe('a sync with its systems', () => {
  const theSync = syncContract.parse(sync());
  const source = systemContract.parse(restSystem());
  const target = systemContract.parse(odataSystem());

  test('that fit together has no problem', () => {
    expect(checkBundle(theSync, source, target)).toEqual([]);
  });

  test('entities that do not exist are named with those that do', () => {
    const wrong = syncContract.parse(
      sync({
        source: { system: 'people-api', entity: 'persons' },
        target: { system: 'erp', entity: 'constructor', externalIdField: 'externalId' },
      }),
    );
    expect(checkBundle(wrong, source, target)).toEqual([
      {
        path: 'source.entity',
        message: 'is not an entity of system "people-api"',
        value: '"persons"',
        remedy: 'Use one of: people',
      },
      {
        path: 'target.entity',
        message: 'is not an entity of system "erp"',
        value: '"constructor"',
        remedy: 'Use one of: customers',
      },
    ]);
  });

  test('of another environment is named once for each system', () => {
    const production = systemContract.parse(restSystem({ environment: 'production' }));
    expect(checkBundle(theSync, production, target)).toEqual([
      {
        path: 'environment',
        message: 'differs from that of system "people-api" (production)',
        value: '"pilot"',
        remedy: 'Use systems of the same environment',
      },
    ]);
    expect(checkBundle(syncContract.parse(sync({ environment: 'production' })), source, target)).toHaveLength(2);
  });

  test('a REST source that cannot be asked for changes is refused; as a target it may be so', () => {
    const mute = systemContract.parse(restSystem({}, { sinceParam: undefined }));
    expect(checkBundle(theSync, mute, target)).toMatchObject([
      { path: 'source.entity', message: expect.stringContaining('sinceParam'), value: '"people"' },
    ]);
    const back = syncContract.parse(
      sync({
        source: { system: 'erp', entity: 'customers' },
        target: { system: 'people-api', entity: 'people', externalIdField: 'externalId' },
      }),
    );
    expect(checkBundle(back, target, mute)).toEqual([]);
  });

  test('a field that the target owns cannot be left out of a PUT, and can of a PATCH', () => {
    const owned = syncContract.parse(
      sync({
        source: { system: 'erp', entity: 'customers' },
        target: { system: 'people-api', entity: 'people', externalIdField: 'externalId' },
        fields: [{ target: 'name', source: 'name', owner: 'target' }],
      }),
    );
    const written = (write: object) => systemContract.parse(restSystem({}, { write }));
    const put = written({ mode: 'find-then-write', updateMethod: 'PUT' });
    const upsert = written({ mode: 'upsert', path: 'people/{externalId}' });
    for (const system of [put, upsert]) {
      expect(checkBundle(owned, target, system)).toMatchObject([
        { path: 'fields.0.owner', message: expect.stringContaining('PUT'), value: '"name"' },
      ]);
    }
    expect(checkBundle(owned, target, written({ mode: 'find-then-write' }))).toEqual([]);
  });
});
