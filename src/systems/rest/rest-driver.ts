import { canReadChanges, type RestEntity } from '../../core/contract/rest/entity.ts';
import type {
  EntityDriver,
  PageReply,
  PageRequest,
  UpsertRequest,
  WriteReply,
  WriteRequest,
} from '../../core/system/entity-driver.ts';
import type { Http } from '../http/http.ts';
import { createRowReader } from '../row-reader.ts';
import { constantsOf } from './constants.ts';
import { findOtherCase, findRows } from './find-rows.ts';
import { readFollowedPage } from './follow-page.ts';
import { readKeysetPage } from './keyset-page.ts';
import { readNewestFirstPage } from './newest-first-page.ts';
import { readOffsetPage } from './offset-page.ts';
import { findBatchMaxOf, requestsOf } from './requests-of.ts';
import { malformed, type RestReading } from './rest-reading.ts';
import { isDeletion } from './sequence-rows.ts';
import { readSequencePage } from './sequence-page.ts';
import { readTogetherPage } from './together-page.ts';
import { writeRow } from './write-row.ts';
import { writeTableRow } from './write-table-row.ts';
import { writeRows } from './write-rows.ts';

type RestDriverSetup = {
  readonly http: Http;
  readonly entity: RestEntity;
  /** Names of entity and system, for reasons. */
  readonly names: { readonly entity: string; readonly system: string };
  /** Given for a target. */
  readonly externalIdField?: string | undefined;
};

/** The driver `rest`: one entity of a JSON API, as its contract describes it. */
export const createRestDriver = ({ http, entity, names, ...given }: RestDriverSetup): EntityDriver => {
  const reader = createRowReader(entity);
  const requests = requestsOf(entity);
  const externalIdField = given.externalIdField ?? entity.externalIdField;
  const reading: RestReading = {
    entity,
    requests,
    constants: constantsOf({ entity, externalIdField }),
    http,
    reader,
    externalIdField,
    subject: `entity "${names.entity}" of system "${names.system}"`,
  };
  const { batch } = entity;
  const { find, readByIds, upsertMany } = requests;
  return {
    pageSize: entity.pageSize,
    findBatchMax: findBatchMaxOf(entity),
    nativeUpsert: entity.write.mode === 'upsert',
    readPage: (request) => readPage(reading, request),
    find: (field, values) => findRows(reading, { template: find, field, gives: 'fields' }, values),
    readByIds: (ids) => findRows(reading, { template: readByIds, field: entity.idField, gives: 'row' }, ids),
    toRecord: (body) => (isDeletion(entity, body) ? undefined : reader.toRecord(body)),
    write: (request) => writeOne(reading, request),
    ...(batch === undefined || upsertMany === undefined
      ? {}
      : {
          writeMany: {
            max: batch.max,
            write: (all, writeId) => writeRows(reading, { template: upsertMany, batch, writeId }, all),
          },
        }),
    ...(entity.exclusionLagSeconds === 0 ? {} : { exclusionLagMs: entity.exclusionLagSeconds * 1000 }),
  };
};

/** An API that has an upsert for several only is given one. */
const writeOne = async (reading: RestReading, request: WriteRequest): Promise<WriteReply> => {
  const { batch, foldsCase, rowsAre } = reading.entity;
  if (rowsAre === 'table') return writeTableRow(reading, request);
  const { upsert, upsertMany } = reading.requests;
  const refusal = request.kind === 'upsert' && foldsCase ? await refuseOtherCase(reading, request) : undefined;
  if (refusal !== undefined) return refusal;
  if (request.kind !== 'upsert' || upsert !== undefined || upsertMany === undefined || batch === undefined) {
    return writeRow(reading, request);
  }
  const [reply] = await writeRows(reading, { template: upsertMany, batch, writeId: request.writeId }, [request]);
  if (reply === undefined) throw new Error(`Cannot tell what became of a write to ${reading.subject}: no reply`);
  return reply;
};

const refuseOtherCase = async (
  reading: RestReading,
  { externalId }: UpsertRequest,
): Promise<WriteReply | undefined> => {
  const { externalIdField: field, requests, subject } = reading;
  if (field === undefined) return undefined;
  const other = await findOtherCase(reading, { template: requests.find, field, gives: 'fields' }, externalId);
  if (other.kind === 'failed') return other;
  if (!other.isThere) return undefined;
  const reason = `Cannot write ${subject}: not sent, because a record has this external ID in another case, and would be overwritten`;
  return { kind: 'failed', failure: { kind: 'rejected', status: 0, reason } };
};

const readPage = (reading: RestReading, request: PageRequest): Promise<PageReply> => {
  const { entity } = reading;
  if (request.since !== null && !canReadChanges(entity)) {
    const what = entity.requests.list === undefined ? 'sinceParam' : '{since} in requests.list';
    const reason = `Cannot read changes of ${reading.subject}: its contract has no ${what}`;
    return Promise.resolve(malformed(reason));
  }
  switch (entity.paging.style) {
    case 'cursor':
    case 'link':
    case 'page':
    case 'whole':
      return readFollowedPage(reading, request);
    case 'keyset':
      return entity.paging.tie === 'together' ? readTogetherPage(reading, request) : readKeysetPage(reading, request);
    case 'sequence':
      return readSequencePage(reading, request);
    case 'newest-first':
      return readNewestFirstPage(reading, entity.paging, request);
    case 'offset':
      return readOffsetPage(reading, request);
  }
};
