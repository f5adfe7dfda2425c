import { isJsonObject, type JsonValue } from '../../core/json.ts';
import type { WriteReply, WriteRequest } from '../../core/system/entity-driver.ts';
import { pathSegment } from '../http/address.ts';
import type { HttpReply, HttpRequest } from '../http/http.ts';
import type { RestReading } from './rest-reading.ts';

const GONE = [404, 410];

/**
 * Writes one record: POST to the collection, PATCH or PUT to one record, or the API's own upsert by external ID.
 *
 * A 2xx answer whose body is an error and no record leaves the write unknown: some APIs answer so.
 */
export const writeRow = async (reading: RestReading, request: WriteRequest): Promise<WriteReply> => {
  const call = callOf(reading, request);
  if (call.kind === 'unsendable') {
    const reason = `Cannot write ${reading.subject}: not sent, because the ID cannot stand in a path`;
    return { kind: 'failed', failure: { kind: 'rejected', status: 0, reason } };
  }
  const reply = await reading.http.request({ ...call.request, body: request.fields });
  if (reply.kind === 'failed') return reply;
  return GONE.includes(reply.status) ? { kind: 'missing' } : written(reading, request, reply);
};

type Call = { readonly kind: 'call'; readonly request: HttpRequest } | { readonly kind: 'unsendable' };

const callOf = (reading: RestReading, request: WriteRequest): Call => {
  const { entity, label } = reading;
  const path = entity.path.replace(/\/+$/, '');
  switch (request.kind) {
    case 'create':
      return { kind: 'call', request: { method: 'POST', to: { path }, label } };
    case 'update': {
      const id = pathSegment(request.targetId);
      if (id === undefined) return { kind: 'unsendable' };
      const method = entity.write.mode === 'find-then-write' ? entity.write.updateMethod : 'PATCH';
      return {
        kind: 'call',
        request: { method, to: { path: `${path}/${id}` }, label: `${label}/{id}`, answers: GONE },
      };
    }
    case 'upsert': {
      if (entity.write.mode !== 'upsert') {
        throw new Error(`Cannot upsert ${reading.subject}: its contract has no upsert; find and write instead`);
      }
      const key = pathSegment(request.externalId);
      if (key === undefined) return { kind: 'unsendable' };
      const to = { path: entity.write.path.replaceAll('{externalId}', () => key) };
      return { kind: 'call', request: { method: entity.write.method, to, label: slashed(entity.write.path) } };
    }
  }
};

const slashed = (path: string): string => (path.startsWith('/') ? path : `/${path}`);

const written = (
  reading: RestReading,
  request: WriteRequest,
  { status, json }: Extract<HttpReply, { kind: 'response' }>,
): WriteReply => {
  const id = isJsonObject(json) ? reading.reader.idOf(json) : undefined;
  if (id === undefined && isErrorBody(json)) {
    const reason = `Cannot tell what became of a write to ${reading.subject}: status ${status} with an error in its body`;
    return { kind: 'failed', failure: { kind: 'unknown', answered: true, reason } };
  }
  switch (request.kind) {
    case 'create':
      return { kind: 'written', targetId: id ?? null, created: true };
    case 'update':
      return { kind: 'written', targetId: request.targetId, created: false };
    case 'upsert':
      // 204 tells nothing apart: some APIs answer it to both.
      return { kind: 'written', targetId: id ?? null, created: status === 201 ? true : status === 200 ? false : null };
  }
};

const isErrorBody = (json: JsonValue | undefined): boolean => {
  if (!isJsonObject(json)) return false;
  const isSaid = (value: JsonValue | undefined): boolean =>
    value !== undefined &&
    value !== null &&
    value !== false &&
    value !== '' &&
    !(Array.isArray(value) && value.length === 0);
  return isSaid(json['error']) || isSaid(json['errors']) || json['success'] === false || json['ok'] === false;
};
