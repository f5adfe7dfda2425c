import type { RestEntity } from '../../core/contract/rest/entity.ts';
import type { Bindings } from './fill-template.ts';

type Columns = { readonly entity: RestEntity; readonly externalIdField: string | undefined };

/**
 * `{select}`: the fields to read, each once. ID, update time, external ID and the field looked up are among them; of
 * these, ID and time only where they stand among the fields (`fieldsAt`), the external ID only where it is one. Nothing where the contract names no fields.
 */
export const selectOf = ({ entity, externalIdField }: Columns, field?: string): Bindings => {
  const { select, fieldsAt, idField, updatedAtField, createdAtField, externalIdAt } = entity;
  if (select === undefined) return {};
  const own = [idField, updatedAtField, createdAtField ?? idField].flatMap((path) => fieldAt(path, fieldsAt) ?? []);
  const keys = [externalIdField, field].filter(
    (one): one is string => one !== undefined && (externalIdAt === undefined || one !== externalIdField),
  );
  return { select: [...new Set([...own, ...keys, ...select])] };
};

/** A path as a name among the fields of a record; undefined for one that stands elsewhere. */
const fieldAt = (path: string, fieldsAt: string | undefined): string | undefined => {
  const inside = fieldsAt === undefined ? '' : `${fieldsAt}.`;
  return path.startsWith(inside) ? path.slice(inside.length) : undefined;
};

/** What a contract gives to placeholders, whatever is asked. */
export const constantsOf = (columns: Columns): Bindings => {
  const { object, writeObject, updatedAtField, fieldsAt, keySystem, sheet } = columns.entity;
  const { externalIdField } = columns;
  return {
    ...selectOf(columns),
    updatedAtField: fieldAt(updatedAtField, fieldsAt) ?? updatedAtField,
    ...(object === undefined ? {} : { object }),
    ...(writeObject === undefined ? {} : { writeObject }),
    ...(sheet === undefined ? {} : { sheet }),
    ...(keySystem === undefined ? {} : { keySystem }),
    ...(externalIdField === undefined ? {} : { externalIdField }),
  };
};
