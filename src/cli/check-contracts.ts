import { checkContract } from '../core/contract/check.ts';
import { checkBundle } from '../core/contract/check-bundle.ts';
import type { ContractProblem } from '../core/contract/contract-problem.ts';
import type { SyncContract } from '../core/contract/sync-contract.ts';
import type { SystemContract } from '../core/contract/system-contract.ts';
import { parseContractDocument } from './contract-document.ts';
import type { ContractFile } from './contract-files.ts';

/** A problem with the place to look at. */
export type PlacedProblem = ContractProblem & { readonly file: string; readonly line: number };

type LineOf = (problem: ContractProblem) => number;

type Checked =
  | { readonly kind: 'system'; readonly file: string; readonly contract: SystemContract; readonly lineOf: LineOf }
  | { readonly kind: 'sync'; readonly file: string; readonly contract: SyncContract; readonly lineOf: LineOf };

export type CheckedContracts = {
  readonly contracts: readonly Checked[];
  readonly problems: readonly PlacedProblem[];
};

type FileCheck = Checked | { readonly kind: 'problems'; readonly problems: readonly PlacedProblem[] };

const placed = (file: string, problems: readonly ContractProblem[], lineOf: LineOf): PlacedProblem[] =>
  problems.map((problem) => ({ ...problem, file, line: lineOf(problem) }));

const checkFile = ({ path: file, text }: ContractFile): FileCheck => {
  const document = parseContractDocument(text);
  if (document.kind === 'problems') {
    return { kind: 'problems', problems: document.problems.map((problem) => ({ ...problem, file })) };
  }
  const { lineOf } = document;
  const check = checkContract(document.value);
  return check.kind === 'problems'
    ? { kind: 'problems', problems: placed(file, check.problems, lineOf) }
    : { ...check, file, lineOf };
};

/** Two files of one kind, name and environment: the later one applied would silently win. */
const checkNames = (contracts: readonly Checked[]): PlacedProblem[] => {
  const first = new Map<string, string>();
  return contracts.flatMap((one) => {
    const identity = `${one.kind} ${one.contract.environment} ${one.contract.name}`;
    const other = first.get(identity);
    if (other === undefined) {
      first.set(identity, one.file);
      return [];
    }
    const problem = {
      path: 'name',
      message: `is the name of another ${one.kind} too, in ${other}`,
      value: JSON.stringify(one.contract.name),
      remedy: 'Rename one of the two',
    };
    return placed(one.file, [problem], one.lineOf);
  });
};

/** A sync with the systems that are here. Those that are not may be in the store already: only the store can tell. */
const checkBundles = (contracts: readonly Checked[]): PlacedProblem[] => {
  const systems = new Map(
    contracts.flatMap((one) =>
      one.kind === 'system' ? [[`${one.contract.environment} ${one.contract.name}`, one.contract] as const] : [],
    ),
  );
  const byName = new Map(
    contracts.flatMap((one) => (one.kind === 'system' ? [[one.contract.name, one.contract] as const] : [])),
  );
  return contracts.flatMap((one) => {
    if (one.kind !== 'sync') return [];
    const { environment, source, target } = one.contract;
    const find = (name: string): SystemContract | undefined =>
      systems.get(`${environment} ${name}`) ?? byName.get(name);
    const [from, to] = [find(source.system), find(target.system)];
    return from === undefined || to === undefined
      ? []
      : placed(one.file, checkBundle(one.contract, from, to), one.lineOf);
  });
};

/** Checks contracts one by one and then together. */
export const checkContracts = (files: readonly ContractFile[]): CheckedContracts => {
  const checks = files.map(checkFile);
  const contracts = checks.flatMap((one) => (one.kind === 'problems' ? [] : [one]));
  const problems = checks.flatMap((one) => (one.kind === 'problems' ? one.problems : []));
  return { contracts, problems: [...problems, ...checkNames(contracts), ...checkBundles(contracts)] };
};
