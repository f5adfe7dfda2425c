import { mentions } from '../../core/contract/rest/check-template.ts';
import type { RestEntity } from '../../core/contract/rest/entity.ts';
import type { RequestTemplate } from '../../core/contract/rest/template.ts';
import type { JsonValue } from '../../core/json.ts';

/** The requests of an entity, with those that its contract gives by the shorter keys. */
export type Requests = {
  readonly list: RequestTemplate;
  readonly find: RequestTemplate;
  readonly readByIds: RequestTemplate;
  readonly create: RequestTemplate;
  readonly update: RequestTemplate;
  readonly upsert: RequestTemplate | undefined;
  readonly upsertMany: RequestTemplate | undefined;
};

export const requestsOf = (entity: RestEntity): Requests => {
  const { requests } = entity;
  const find = requests.find ?? findOf(entity);
  return {
    list: requests.list ?? listOf(entity),
    find,
    readByIds: requests.readByIds ?? find,
    create: requests.create ?? { ...writeOf(entity), path: bare(entity.path) },
    update: requests.update ?? {
      ...writeOf(entity),
      method: entity.write.mode === 'find-then-write' ? entity.write.updateMethod : 'PATCH',
      path: `${bare(entity.path)}/{id}`,
    },
    upsert: requests.upsert ?? upsertOf(entity),
    upsertMany: requests.upsertMany,
  };
};

/** How many values one look-up carries: one, where the request has a place for no more. */
export const findBatchMaxOf = (entity: RestEntity): number => {
  const { find } = requestsOf(entity);
  const isShort = entity.requests.find === undefined;
  const takesOne = isShort && entity.findMany === 'none' && entity.findTemplate === undefined;
  const takesMany =
    isShort ||
    entity.paging.style === 'whole' ||
    mentions(find, 'values') ||
    mentions(find, 'each') ||
    isForEach(find.body ?? null);
  return takesOne || !takesMany ? 1 : entity.findBatchMax;
};

const isForEach = (node: JsonValue): boolean =>
  typeof node === 'object' &&
  node !== null &&
  Object.entries(node).some(([name, inner]) => name === 'forEach' || isForEach(inner));

const bare = (path: string): string => path.replace(/\/+$/, '');

const none = { headers: {}, bodyAs: 'json' } as const;

const param = (name: string | undefined, value: string): Readonly<Record<string, string>> =>
  name === undefined ? {} : { [name]: value };

const pagingParam = ({ paging }: RestEntity): Readonly<Record<string, string>> => {
  switch (paging.style) {
    case 'cursor':
      return param(paging.param, '{cursor}');
    case 'offset':
      return param(paging.param, '{offset}');
    case 'page':
      return param(paging.param, '{page}');
    case 'keyset':
      return param(paging.afterIdParam, '{afterId}');
    case 'link':
    case 'sequence':
    case 'newest-first':
    case 'whole':
      return {};
  }
};

const listOf = (entity: RestEntity): RequestTemplate => ({
  ...none,
  method: 'GET',
  path: entity.path,
  query: {
    ...entity.params,
    ...param(entity.sinceParam, '{since}'),
    ...param(entity.pageSizeParam, '{pageSize}'),
    ...pagingParam(entity),
  },
});

const findOf = (entity: RestEntity): RequestTemplate => {
  const { findTemplate, findMany } = entity;
  const quote = findTemplate === undefined ? (findMany === 'comma' ? 'comma' : undefined) : 'json';
  return {
    ...none,
    method: 'GET',
    path: entity.path,
    query: {
      ...entity.params,
      ...param(entity.pageSizeParam, '{pageSize}'),
      ...(entity.paging.style === 'keyset' ? {} : pagingParam(entity)),
      ...param(entity.findParam, findTemplate ?? '{values}'),
    },
    ...(quote === undefined ? {} : { quote }),
  };
};

/** A nested place for the fields, where the API has one. */
const bodyOf = ({ fieldsAt }: RestEntity): JsonValue =>
  (fieldsAt?.split('.') ?? []).reduceRight<JsonValue>((inner, step) => ({ [step]: inner }), '{fields}');

const writeOf = (entity: RestEntity): Omit<RequestTemplate, 'path'> => ({
  ...none,
  method: 'POST',
  query: {},
  body: bodyOf(entity),
});

const upsertOf = (entity: RestEntity): RequestTemplate | undefined =>
  entity.write.mode === 'upsert' && entity.write.path !== undefined
    ? { ...writeOf(entity), method: entity.write.method, path: entity.write.path, quote: 'plain' }
    : undefined;
