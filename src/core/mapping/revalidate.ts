import type { FieldContract, SyncContract } from '../contract/sync-contract.ts';
import type { JsonObject } from '../json.ts';
import { compileMapping, type FieldProblem, UNUSABLE } from './mapping.ts';

/** What the contract of today says of fields that were mapped earlier. */
export type Revalidation =
  | { readonly kind: 'passes' }
  | { readonly kind: 'fails'; readonly problems: readonly FieldProblem[] }
  /** These fields are read from the source in another way by now; only reading the record again gives their values. */
  | { readonly kind: 'remapped'; readonly fields: readonly string[] };

type Fields = Pick<SyncContract, 'fields'>;

/**
 * @param then   the contract that mapped the fields; undefined when it is not known
 * @param fields as they were mapped then
 */
export type Revalidate = (then: Fields | undefined, fields: JsonObject) => Revalidation;

const isMappedAlike = (now: FieldContract, then: FieldContract | undefined): boolean =>
  then !== undefined && now.source === then.source && now.expression === then.expression;

/** Compiles a contract for checking fields that an earlier version of it mapped. */
export const createRevalidate = (now: Fields): Revalidate => {
  const mapping = compileMapping(now);
  return (then, fields) => {
    const before = new Map(then?.fields.map((field) => [field.target, field]));
    const remapped = now.fields
      .filter((field) => !Object.hasOwn(fields, field.target) || !isMappedAlike(field, before.get(field.target)))
      .map(({ target }) => target);
    if (remapped.length > 0) return { kind: 'remapped', fields: remapped };
    const unusable = now.fields
      .filter(({ target }) => fields[target] === UNUSABLE)
      .map(({ target: field }) => ({ field, rule: 'type', message: 'had no usable value when it was read' }) as const);
    const problems = [...unusable, ...mapping.normalize(fields).problems];
    return problems.length > 0 ? { kind: 'fails', problems } : { kind: 'passes' };
  };
};
