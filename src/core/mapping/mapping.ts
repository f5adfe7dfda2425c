import type { FieldContract, SyncContract } from '../contract/sync-contract.ts';
import { type JsonObject, type JsonValue, ownValue, valueAt } from '../json.ts';
import { jsonFlaw } from '../json-flaw.ts';
import { compileExpression, type Expression } from './expression.ts';
import { fieldValue } from './field-value.ts';
import { compilePattern, PATTERN_TEXT_MAX } from './pattern.ts';

/** What is wrong with one field of one record. Holds no value, so that it may be shown and stored. */
export type FieldProblem = {
  readonly field: string;
  readonly rule: 'required' | 'type' | 'enum' | 'pattern' | 'expression';
  readonly message: string;
};

/** A record in the target's terms: the fields that were found, and what keeps it from being written. */
export type MappedRecord = {
  readonly fields: JsonObject;
  readonly problems: readonly FieldProblem[];
};

/** The mapping of one sync, compiled once and used for every record. */
export type Mapping = {
  /** Maps a source record. Absent optional fields become null, so that clearing a field clears it on the target. */
  readonly map: (record: JsonObject) => Promise<MappedRecord>;
  /**
   * Brings fields that are already in the target's terms (from a Zap, from the target) into the one form. A field
   * that is absent stays absent, so that a Zap may write a part of a record; one that is required is a problem.
   */
  readonly normalize: (fields: JsonObject) => MappedRecord;
};

/** Stands for a value that can be neither digested nor stored, or that there is none of. Not null: that is an empty field. */
export const UNUSABLE = '\uFFFD';

type CompiledField = {
  readonly contract: FieldContract;
  readonly expression: Expression | undefined;
  readonly pattern: RegExp | undefined;
};

const problem = (field: FieldContract, rule: FieldProblem['rule'], message: string): FieldProblem => ({
  field: field.target,
  rule,
  message,
});

const checkRules = (field: CompiledField, value: JsonValue): FieldProblem | undefined => {
  const { contract, pattern } = field;
  if (contract.enum !== undefined && !contract.enum.some((allowed) => allowed === value)) {
    return problem(contract, 'enum', `is not one of the ${contract.enum.length} values allowed`);
  }
  if (pattern === undefined) return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text.length > PATTERN_TEXT_MAX) {
    return problem(contract, 'pattern', `is longer than ${PATTERN_TEXT_MAX} characters`);
  }
  return pattern.test(text) ? undefined : problem(contract, 'pattern', 'does not match the pattern');
};

type Settled = { readonly value: JsonValue; readonly problem: FieldProblem | undefined };

const settleField = (field: CompiledField, raw: JsonValue | undefined): Settled => {
  const { contract } = field;
  if (raw === undefined || raw === null || raw === '') {
    const missing = contract.required ? problem(contract, 'required', 'is required and absent') : undefined;
    return { value: null, problem: missing };
  }
  const flaw = jsonFlaw(raw);
  if (flaw !== undefined) return { value: UNUSABLE, problem: problem(contract, 'type', `holds ${flaw}`) };
  const typed = fieldValue(contract.type, raw);
  if (typed.kind === 'wrong') return { value: raw, problem: problem(contract, 'type', `is not ${typed.expected}`) };
  return { value: typed.value, problem: checkRules(field, typed.value) };
};

const compileField = (contract: FieldContract): CompiledField => {
  const compiled = contract.expression === undefined ? undefined : compileExpression(contract.expression);
  if (compiled?.kind === 'refused') {
    throw new TypeError(`Cannot use field "${contract.target}": its expression ${compiled.reason}`);
  }
  const pattern = contract.pattern === undefined ? undefined : compilePattern(contract.pattern);
  if (pattern?.kind === 'refused') {
    throw new TypeError(`Cannot use field "${contract.target}": its pattern ${pattern.reason}`);
  }
  return { contract, expression: compiled?.expression, pattern: pattern?.pattern };
};

type Read = { readonly raw: JsonValue | undefined; readonly problem: FieldProblem | undefined };

const readPath = (field: CompiledField, record: JsonObject): Read => ({
  raw: valueAt(record, field.contract.source ?? ''),
  problem: undefined,
});

const evaluate = async (expression: Expression, field: CompiledField, record: JsonObject): Promise<Read> => {
  try {
    return { raw: await expression.evaluate(record), problem: undefined };
  } catch {
    // The library's message quotes the value it failed on, which may be sensitive: only the field is named.
    return { raw: undefined, problem: problem(field.contract, 'expression', 'could not be evaluated for this record') };
  }
};

const assemble = (settled: readonly (readonly [string, Settled])[], failed: readonly FieldProblem[]): MappedRecord => {
  const fields: Record<string, JsonValue> = {};
  const problems = [...failed];
  for (const [target, one] of settled) {
    const hasFailed = failed.some(({ field }) => field === target);
    fields[target] = hasFailed ? UNUSABLE : one.value;
    if (one.problem !== undefined && !hasFailed) problems.push(one.problem);
  }
  return { fields, problems };
};

/**
 * Compiles the fields of a sync contract.
 *
 * @throws TypeError when an expression or pattern cannot be used; `checkContract` reports the same before a contract is stored
 */
export const compileMapping = (sync: Pick<SyncContract, 'fields'>): Mapping => {
  const compiled = sync.fields.map(compileField);
  return {
    map: async (record) => {
      const settled: [string, Settled][] = [];
      const failed: FieldProblem[] = [];
      for (const field of compiled) {
        // Awaited for expressions only: under Zapier's core every promise costs an async hook, and most fields need none.
        const read =
          field.expression === undefined ? readPath(field, record) : await evaluate(field.expression, field, record);
        if (read.problem !== undefined) failed.push(read.problem);
        settled.push([field.contract.target, settleField(field, read.raw)]);
      }
      return assemble(settled, failed);
    },
    normalize: (fields) =>
      assemble(
        compiled
          .filter(({ contract }) => contract.required || Object.hasOwn(fields, contract.target))
          .map(
            (field) => [field.contract.target, settleField(field, ownValue(fields, field.contract.target))] as const,
          ),
        [],
      ),
  };
};
