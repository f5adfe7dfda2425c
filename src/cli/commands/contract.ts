import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { applyContracts } from '../apply-contracts.ts';
import { type CheckedContracts, checkContracts, type PlacedProblem } from '../check-contracts.ts';
import type { CliContext } from '../cli-context.ts';
import { readContractFiles } from '../contract-files.ts';
import { contractKinds, contractSchemaFile, contractSchemaText } from '../contract-schema-text.ts';
import { json, table } from '../output.ts';
import { openClient } from '../store-client.ts';

type CheckOptions = { readonly json?: boolean };
type ApplyOptions = CheckOptions & { readonly url?: string; readonly ticket?: string };
type SchemaOptions = { readonly out: string };

/** The place first, in the form that editors and terminals turn into a link. */
const problemText = ({ file, line, path: at, message, value, remedy }: PlacedProblem): string => {
  const found = value === undefined ? '' : ` (found ${value})`;
  return `${file}:${line} ${at === '' ? 'document' : at}: ${message}${found}\n    ${remedy}`;
};

const tellProblems = ({ problems }: CheckedContracts, { output }: CliContext): void => {
  for (const problem of problems) output.note(problemText(problem));
  output.note(`${problems.length} problem${problems.length === 1 ? '' : 's'}`);
};

const check = (paths: readonly string[], options: CheckOptions, context: CliContext): void => {
  const checked = checkContracts(readContractFiles(paths));
  const contracts = checked.contracts.map(({ file, kind, contract }) => ({
    file,
    kind,
    name: contract.name,
    environment: contract.environment,
  }));
  context.finish(checked.problems.length > 0 ? 1 : 0);
  if (options.json === true) {
    context.output.data(json({ contracts, problems: checked.problems }));
    return;
  }
  if (checked.problems.length > 0) tellProblems(checked, context);
  else {
    context.output.data(
      table(
        ['FILE', 'KIND', 'NAME', 'ENVIRONMENT'],
        contracts.map((one) => [one.file, one.kind, one.name, one.environment]),
      ),
    );
  }
};

const apply = async (paths: readonly string[], options: ApplyOptions, context: CliContext): Promise<void> => {
  const checked = checkContracts(readContractFiles(paths));
  if (checked.problems.length > 0) {
    tellProblems(checked, context);
    context.output.note('Nothing was applied. Correct the contracts first');
    context.finish(1);
    return;
  }
  const applied = await applyContracts(openClient(options.url, context.env), checked.contracts, options.ticket);
  if (options.json === true) context.output.data(json({ applied }));
  else {
    const rows = applied.map((one) => [
      one.file,
      one.kind,
      one.name,
      one.version,
      one.changed ? 'applied' : 'unchanged',
    ]);
    context.output.data(table(['FILE', 'KIND', 'NAME', 'VERSION', 'RESULT'], rows));
  }
};

const writeSchemas = ({ out }: SchemaOptions, { output }: CliContext): void => {
  mkdirSync(out, { recursive: true });
  for (const kind of contractKinds) {
    const file = path.join(out, contractSchemaFile(kind));
    writeFileSync(file, contractSchemaText(kind));
    output.data(file);
  }
};

/** `tidemark contract check|apply|schema`. */
export const addContractCommands = (program: Command, context: CliContext): void => {
  const contract = program.command('contract').description('System and sync contracts');
  contract
    .command('check')
    .description('Check contracts: each by itself, and syncs with the systems beside them')
    .argument('<path...>', 'files, or folders of .yaml files')
    .option('--json', 'print JSON')
    .action((paths: string[], options: CheckOptions) => check(paths, options, context));
  contract
    .command('apply')
    .description('Apply contracts to a running store: systems first, then syncs')
    .argument('<path...>', 'files, or folders of .yaml files')
    .option('--ticket <ticket>', 'change ticket of the systems (default: that of the syncs)')
    .option('--url <url>', 'the running store (default: TIDEMARK_URL); an admin key is read from TIDEMARK_KEY')
    .option('--json', 'print JSON')
    .action((paths: string[], options: ApplyOptions) => apply(paths, options, context));
  contract
    .command('schema')
    .description('Write the JSON Schemas of contracts, for editors')
    .option('--out <folder>', 'where to', 'contracts')
    .action((options: SchemaOptions) => writeSchemas(options, context));
};
