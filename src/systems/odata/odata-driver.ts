import type { ODataEntity } from '../../core/contract/system-contract.ts';
import { isJsonObject, type JsonValue } from '../../core/json.ts';
import type { EntityDriver } from '../../core/system/entity-driver.ts';
import type { Http } from '../http/http.ts';
import { createRowReader } from '../row-reader.ts';
import { findInSet } from './odata-find.ts';
import { readODataPage } from './odata-page.ts';
import { writeToSet } from './odata-write.ts';

type ODataDriverSetup = {
  readonly http: Http;
  readonly entity: ODataEntity;
  /** Names of entity and system, for reasons. */
  readonly names: { readonly entity: string; readonly system: string };
  /** Field that holds the external ID; needed to upsert by alternate key. */
  readonly externalIdField: string | undefined;
};

/** The driver `odata`: one entity set of an OData v4 service. */
export const createODataDriver = ({ http, entity, names, externalIdField }: ODataDriverSetup): EntityDriver => {
  const reader = createRowReader(entity);
  const subject = `entity "${names.entity}" of system "${names.system}"`;
  const reading = { entity, http, reader, externalIdField, label: `/${entity.set}`, subject };
  return {
    pageSize: entity.pageSize,
    findBatchMax: entity.findBatchMax,
    nativeUpsert: entity.write.mode === 'alternate-key',
    readPage: (request) => readODataPage(reading, request),
    find: (field, values) => findInSet(reading, field, values),
    readByIds: (ids) => findInSet(reading, entity.idField, ids),
    toRecord: reader.toRecord,
    write: (request) => writeToSet(reading, request),
  };
};

/** The code of an OData error. Its message is left where it is: it may quote the record. */
export const odataErrorCode = (body: JsonValue): string | undefined => {
  const error = isJsonObject(body) ? body['error'] : undefined;
  const code = isJsonObject(error) ? error['code'] : undefined;
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : undefined;
};
