import { isRecord } from '../../standin/record.ts';
import { apiToken, openStage, type Stage } from './fixture-zapier.ts';
import { records } from './scripted-source.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(() => stage.source.reset());

test("the app passes Zapier's schema", async () => {
  expect(await stage.zapier.validate()).toEqual([]);
  expect(Object.keys(stage.zapier.definition().creates)).toContain('write_record');
});

test('connecting runs the test with isTestingAuth and renders the label from its answer', async () => {
  expect(stage.connection.label).toBe(`Fixture at ${stage.source.url}`);
  stage.source.answerOnce('me', { status: 401 });
  expect(await stage.zapier.connect({ base_url: stage.source.url, api_token: apiToken })).toEqual({
    kind: 'refused',
    message: 'The token is not known',
  });
  expect(await stage.zapier.connect({ base_url: stage.source.url })).toEqual({
    kind: 'refused',
    message: 'Required field "api_token" is missing.',
  });
});

test('computed fields stand beside the static ones and depend on what was entered', async () => {
  stage.source.answer('fields', { fields: [{ key: 'colour', label: 'Colour' }] });
  const query = { kind: 'create', key: 'write_record', connection: stage.connection } as const;
  const keysFor = async (inputData: object) => {
    const report = await stage.zapier.fields({ ...query, inputData: { ...inputData } });
    return report.kind === 'fields' ? report.fields.map((field) => field.key) : report.message;
  };
  expect(await keysFor({})).toEqual(['name', 'kind', 'parent_id']);
  expect(await keysFor({ kind: 'paint' })).toEqual(['name', 'kind', 'parent_id', 'colour']);
});

test('choices come from the field, from its own function by page, and from a hidden trigger', async () => {
  const write = { kind: 'create', key: 'write_record', connection: stage.connection } as const;
  expect(
    await stage.zapier.choices({ kind: 'trigger', key: 'new_record', connection: stage.connection }, 'status'),
  ).toMatchObject({
    choices: [
      { value: 'open', label: 'Open' },
      { value: 'closed', label: 'Closed' },
    ],
  });

  stage.source.answer('kinds', { results: [{ id: 1, label: 'One' }], next: 'p2' });
  expect(await stage.zapier.choices(write, 'kind', { pagingToken: 'p1' })).toEqual({
    kind: 'choices',
    choices: [{ value: '1', label: 'One' }],
    pagingToken: 'p2',
  });
  expect(stage.source.asked('kinds')[0]).toMatchObject({ isFillingDynamicDropdown: true, paging_token: 'p1' });

  stage.source.answer('choices', { results: [{ id: 'r1', title: 'First' }] });
  expect(await stage.zapier.choices(write, 'parent_id', { page: 2 })).toMatchObject({
    choices: [{ value: 'r1', label: 'First' }],
  });
  expect(stage.source.asked('choices')[0]?.['meta']).toMatchObject({ isFillingDynamicDropdown: true, page: 2 });
});

test('a sample is the first three records of a poll that says isLoadingSample', async () => {
  stage.source.answer('records', records('d', 'c', 'b', 'a'));
  const report = await stage.zapier.sample({ key: 'new_record', connection: stage.connection });
  expect(report).toEqual({ kind: 'samples', records: records('d', 'c', 'b').results });
  expect(stage.source.asked('records')[0]?.['meta']).toMatchObject({ isLoadingSample: true });
});

test('a Zap that leaves out a required field, or names what is not there, cannot be saved', async () => {
  const save = (key: string, inputData: object) =>
    stage.zapier.createZap({
      name: 'z',
      connection: stage.connection,
      trigger: { key: 'new_record' },
      steps: [{ kind: 'create', key, inputData: { ...inputData } }],
    });
  await expect(save('write_record', {})).rejects.toThrow('required fields are empty: name');
  await expect(save('write_nothing', {})).rejects.toThrow('The app has no create "write_nothing"');
});

test('coerced input, raw templates and field meta reach the app side by side', async () => {
  const zap = await stage.zapier.createZap({
    name: 'echo',
    connection: stage.connection,
    trigger: { key: 'new_record' },
    steps: [
      { kind: 'create', key: 'echo_bundle', inputData: { whole: '{{trigger.size}} pieces', flag: 'no', decimal: '' } },
    ],
  });
  await zap.turnOn();
  stage.source.answer('records', { results: [{ id: 'a', size: 12 }] });
  await zap.poll();
  await stage.zapier.drain();
  expect(zap.runs()[0]?.outputs['step1']).toMatchObject({
    inputData: { whole: 12, flag: false, decimal: '' },
    inputDataRaw: { whole: '{{trigger.size}} pieces', flag: 'no' },
    meta: { zap: { id: zap.id }, inputFields: { flag: { column: 'c7' } } },
  });
});

test('an app that leaves cleanInputData at its default gets no empty values', async () => {
  const cleaning = await openStage({}, 'fixture-app-cleaning');
  try {
    const outcome = await cleaning.zapier.tryStep({
      kind: 'create',
      key: 'echo_bundle',
      inputData: { text_value: '', many: [], whole: '1' },
      connection: cleaning.connection,
    });
    expect(outcome.kind === 'success' && isRecord(outcome.results) && outcome.results['inputData']).toEqual({
      whole: 1,
    });
  } finally {
    await cleaning.close();
  }
});
