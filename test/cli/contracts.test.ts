import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkContracts, type PlacedProblem } from '../../src/cli/check-contracts.ts';
import { readContractFiles } from '../../src/cli/contract-files.ts';
import { contractKinds, contractSchemaFile, contractSchemaText } from '../../src/cli/contract-schema-text.ts';

const root = path.resolve(__dirname, '../..');
const examples = path.join(root, 'contracts');
const example = (name: string): string => readFileSync(path.join(examples, name), 'utf8');

/** Checks texts as if they were files of these names. */
const problemsOf = (files: Readonly<Record<string, string>>): readonly PlacedProblem[] =>
  checkContracts(Object.entries(files).map(([name, text]) => ({ path: name, text }))).problems;

const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

test('the example contracts have no problem', () => {
  const { contracts, problems } = checkContracts(readContractFiles([examples]));
  expect(problems).toEqual([]);
  expect(contracts.map((one) => one.contract.name).toSorted()).toEqual(['crm', 'erp', 'erp-customers']);
});

test.each(contractKinds)('the committed JSON Schema of a %s is what "tidemark contract schema" writes', (kind) => {
  expect(example(contractSchemaFile(kind))).toBe(contractSchemaText(kind));
});

test.each(['erp.yaml', 'crm.yaml', 'erp-customers.yaml'])(
  'the first line of %s leads an editor to its schema',
  (name) => {
    const schema = /^# yaml-language-server: \$schema=(\S+)\n/.exec(example(name))?.[1];
    expect(JSON.parse(example(schema ?? 'none'))).toHaveProperty('title');
  },
);

test('a wrong value is placed at its line', () => {
  const text = example('erp-customers.yaml').replace('type: number', 'type: decimal');
  expect(problemsOf({ 'sync.yaml': text })).toEqual([
    expect.objectContaining({
      file: 'sync.yaml',
      line: lineOf(text, 'type: decimal'),
      path: 'fields.6.type',
      value: '"decimal"',
    }),
  ]);
});

test('a key that is missing is placed at what it is missing from', () => {
  const text = example('erp-customers.yaml').replace('  externalIdField: erpId\n', '');
  expect(problemsOf({ 'sync.yaml': text })).toMatchObject([
    { line: lineOf(text, 'target:\n'), path: 'target.externalIdField', message: 'is missing' },
  ]);
});

test('a key given twice is a problem at the second', () => {
  const text = 'tidemark: system/v1\nname: erp\nname: other\n';
  expect(problemsOf({ 'erp.yaml': text })).toMatchObject([
    { line: 3, message: expect.stringMatching(/unique/i), remedy: 'Keep one of the two' },
  ]);
});

test('a text of aliases that stands for gigabytes is refused without being built', () => {
  const levels = Array.from(
    { length: 30 },
    (_, index) => `l${index + 1}: &l${index + 1} [${'*l0, '.replace('0', String(index)).repeat(9)}]`,
  );
  const problems = problemsOf({ 'bomb.yaml': `l0: &l0 [x]\n${levels.join('\n')}\n` });
  expect(problems[0]).toMatchObject({ line: 2, message: expect.stringContaining('alias') });
});

test.each([
  ['two documents in one file', 'a: 1\n---\nb: 2\n', 2],
  ['a tab for an indent', 'a:\n\tb: 1\n', 2],
  ['a tag that means code', 'a: !!js/function "x"\n', 1],
  ['a hundred thousand brackets', '['.repeat(100_000), 1],
  ['nothing', '', 1],
])('%s is a problem with a line', (_what, text, line) => {
  expect(problemsOf({ 'a.yaml': text })[0]).toMatchObject({ file: 'a.yaml', line });
});

test('a sync is checked against the systems beside it', () => {
  const sync = example('erp-customers.yaml').replace('entity: contacts', 'entity: people');
  const files = { 'crm.yaml': example('crm.yaml'), 'erp.yaml': example('erp.yaml'), 'sync.yaml': sync };
  expect(problemsOf(files)).toMatchObject([
    { file: 'sync.yaml', line: lineOf(sync, 'entity: people'), remedy: 'Use one of: contacts' },
  ]);
});

test('a sync of production with systems of the pilot is a problem', () => {
  const sync = example('erp-customers.yaml').replace('environment: pilot', 'environment: production');
  const files = { 'crm.yaml': example('crm.yaml'), 'erp.yaml': example('erp.yaml'), 'sync.yaml': sync };
  expect(problemsOf(files).map((one) => one.path)).toEqual(['environment', 'environment']);
});

test('one system for the pilot and one for production may share a name, and the sync finds its own', () => {
  const production = (name: string): string => example(name).replace('environment: pilot', 'environment: production');
  const names = ['crm.yaml', 'erp.yaml', 'erp-customers.yaml'];
  const files = Object.fromEntries(
    names.flatMap((name) => [
      [name, example(name)],
      [`production-${name}`, production(name)],
    ]),
  );
  expect(problemsOf(files)).toEqual([]);
});

test('two files of one system are a problem that names the other file', () => {
  expect(problemsOf({ 'a.yaml': example('erp.yaml'), 'b.yaml': example('erp.yaml') })).toMatchObject([
    { file: 'b.yaml', message: expect.stringContaining('a.yaml') },
  ]);
});

describe('reading files', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-contracts-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('a folder without a contract is a failure: nothing checked is not nothing wrong', () => {
    expect(() => readContractFiles([folder])).toThrow('There is no contract');
  });

  test('a path that is not there is a failure', () => {
    expect(() => readContractFiles([path.join(folder, 'nowhere.yaml')])).toThrow('There is no file');
  });

  test('a file over 1 MB is not read', () => {
    const file = path.join(folder, 'large.yaml');
    writeFileSync(file, `a: ${'x'.repeat(1024 * 1024)}`);
    expect(() => readContractFiles([file])).toThrow('at most 1048576');
  });
});
