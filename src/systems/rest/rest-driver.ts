import type { RestEntity } from '../../core/contract/system-contract.ts';
import type { EntityDriver, PageReply, PageRequest } from '../../core/system/entity-driver.ts';
import type { Http } from '../http/http.ts';
import { createRowReader } from '../row-reader.ts';
import { findBatchMaxOf, findRows } from './find-rows.ts';
import { readFollowedPage } from './follow-page.ts';
import { readKeysetPage } from './keyset-page.ts';
import { readOffsetPage } from './offset-page.ts';
import { malformed, type RestReading } from './rest-reading.ts';
import { writeRow } from './write-row.ts';

type RestDriverSetup = {
  readonly http: Http;
  readonly entity: RestEntity;
  /** Names of entity and system, for reasons. */
  readonly names: { readonly entity: string; readonly system: string };
};

/** The driver `rest`: one entity of a JSON API, as its contract describes it. */
export const createRestDriver = ({ http, entity, names }: RestDriverSetup): EntityDriver => {
  const reader = createRowReader(entity);
  const label = entity.path.startsWith('/') ? entity.path : `/${entity.path}`;
  const reading = { entity, http, reader, label, subject: `entity "${names.entity}" of system "${names.system}"` };
  return {
    pageSize: entity.pageSize,
    findBatchMax: findBatchMaxOf(reading),
    nativeUpsert: entity.write.mode === 'upsert',
    readPage: (request) => readPage(reading, request),
    find: (field, values) => findRows(reading, field, values),
    readByIds: (ids) => findRows(reading, entity.idField, ids),
    toRecord: reader.toRecord,
    write: (request) => writeRow(reading, request),
  };
};

const readPage = (reading: RestReading, request: PageRequest): Promise<PageReply> => {
  const { paging, sinceParam } = reading.entity;
  if (request.since !== null && sinceParam === undefined) {
    const reason = `Cannot read changes of ${reading.subject}: its contract has no sinceParam`;
    return Promise.resolve(malformed(reason));
  }
  switch (paging.style) {
    case 'cursor':
    case 'link':
      return readFollowedPage(reading, request);
    case 'keyset':
      return readKeysetPage(reading, request);
    case 'offset':
      return readOffsetPage(reading, paging.param, request);
  }
};
