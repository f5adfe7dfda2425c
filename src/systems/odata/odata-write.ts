import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { WriteReply, WriteRequest } from '../../core/system/entity-driver.ts';
import type { HttpReply, HttpRequest } from '../http/http.ts';
import { odataLiteral } from './odata-literal.ts';
import { ODATA_HEADERS, type ODataReading } from './odata-reading.ts';

// To a PATCH with If-Match some systems answer 412 where there is nothing to match.
const GONE = [404, 410, 412];

/**
 * Writes one record: POST to the set, PATCH to one key, or PATCH to an alternate key, which creates what is not there.
 *
 * An update carries `If-Match: *`: without it a PATCH to a key that is gone creates a record under that key.
 * Source: OData v4.01 protocol, sections 11.4.4 (upsert) and 11.4.1.1.
 */
export const writeToSet = async (reading: ODataReading, request: WriteRequest): Promise<WriteReply> => {
  const call = callOf(reading, request);
  if (call === undefined) {
    const why =
      request.kind === 'upsert' && isUnfit(reading, request.externalId)
        ? 'the external ID holds a character that the system takes in no alternate key; let write.mode be find-then-write'
        : `the key is no ${reading.entity.idType}, as idType says it is`;
    const reason = `Cannot write ${reading.subject}: not sent, because ${why}`;
    return { kind: 'failed', failure: { kind: 'rejected', status: 0, reason } };
  }
  const reply = await reading.http.request(call);
  if (reply.kind === 'failed') return reply;
  return GONE.includes(reply.status) ? { kind: 'missing' } : written(reading, request, reply);
};

const HEADERS = { ...ODATA_HEADERS, prefer: 'return=representation' };

const callOf = (reading: ODataReading, request: WriteRequest): HttpRequest | undefined => {
  const { entity, label } = reading;
  switch (request.kind) {
    case 'create':
      return { method: 'POST', to: { path: entity.set }, label, headers: HEADERS, body: request.fields };
    case 'update': {
      const key = odataLiteral(entity.idType, request.targetId);
      if (key === undefined) return undefined;
      const to = { path: `${entity.set}(${encodeURIComponent(key.toWellFormed())})` };
      const headers = { ...HEADERS, 'if-match': '*' };
      return { method: 'PATCH', to, label: `${label}({key})`, headers, body: request.fields, answers: GONE };
    }
    case 'upsert':
      return upsertCall(reading, request.externalId, request.fields);
  }
};

/** True for a key with a character that `write.unfit` names. */
const isUnfit = ({ entity }: Pick<ODataReading, 'entity'>, key: string): boolean =>
  entity.write.mode === 'alternate-key' && entity.write.unfit.split('').some((one) => key.includes(one));

const upsertCall = (
  { entity, externalIdField, label, subject }: ODataReading,
  externalId: string,
  fields: JsonObject,
): HttpRequest | undefined => {
  if (entity.write.mode !== 'alternate-key' || externalIdField === undefined) {
    throw new Error(`Cannot upsert ${subject}: it has no alternate key; find and write instead`);
  }
  if (isUnfit({ entity }, externalId)) return undefined;
  const value = odataLiteral(externalIdField === entity.idField ? entity.idType : 'string', externalId);
  if (value === undefined) return undefined;
  const to = { path: `${entity.set}(${externalIdField}=${encodeURIComponent(value.toWellFormed())})` };
  // The key is in the URL: Dataverse lets one in the body win over it when it creates.
  const body = Object.fromEntries(Object.entries(fields).filter(([field]) => field !== externalIdField));
  return { method: 'PATCH', to, label: `${label}(${externalIdField}={key})`, headers: HEADERS, body };
};

const written = (
  reading: ODataReading,
  request: WriteRequest,
  { status, headers, json }: Extract<HttpReply, { kind: 'response' }>,
): WriteReply => {
  const given = isJsonObject(json) ? reading.reader.idOf(json) : undefined;
  const id = given ?? keyFromUrl(headers.get('odata-entityid') ?? headers.get('location')) ?? null;
  switch (request.kind) {
    case 'create':
      return { kind: 'written', targetId: id, created: true };
    case 'update':
      return { kind: 'written', targetId: request.targetId, created: false };
    case 'upsert':
      // 204 tells nothing apart: without the representation asked for, Dataverse answers it to both.
      return { kind: 'written', targetId: id, created: status === 201 ? true : status === 200 ? false : null };
  }
};

/** The key at the end of an entity's URL, `Set(guid)`, `Set(42)` or `Set(ID='x')`; undefined for anything else. */
const keyFromUrl = (url: string | null): string | undefined => {
  const inside = /\((?:[A-Za-z_]\w*=)?([^()=,]{1,500})\)$/.exec(url ?? '')?.[1];
  if (inside === undefined) return undefined;
  const key = decode(inside);
  return key?.startsWith("'") === true && key.endsWith("'") ? key.slice(1, -1).replaceAll("''", "'") : key;
};

const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    // Broken percent-encoding: no key is better than a wrong one, and the caller reads the record back.
    return undefined;
  }
};
