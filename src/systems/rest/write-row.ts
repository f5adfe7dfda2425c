import { answerAt } from '../../core/answer-path.ts';
import type { CreatedSignal } from '../../core/contract/rest/answers.ts';
import type { RequestTemplate } from '../../core/contract/rest/template.ts';
import { digestText } from '../../core/digest.ts';
import { isJsonObject, type JsonObject, type JsonValue, valueAt } from '../../core/json.ts';
import type { WriteReply, WriteRequest } from '../../core/system/entity-driver.ts';
import type { HttpReply } from '../http/http.ts';
import { scalarText } from '../row-reader.ts';
import { holds, judgeDialect } from './dialect.ts';
import { fillRequest } from './fill-request.ts';
import type { Bindings } from './fill-template.ts';
import { encodeProperties } from './notion-properties.ts';
import type { RestReading } from './rest-reading.ts';

const GONE = [404, 410];

/**
 * Writes one record: creates it, updates it by its ID, or uses the API's own upsert by external ID.
 *
 * A 2xx answer whose body is an error and no record leaves the write unknown: some APIs answer so.
 */
export const writeRow = async (reading: RestReading, request: WriteRequest): Promise<WriteReply> => {
  const filled = fillRequest(templateOf(reading, request), { ...reading.constants, ...bindingsOf(reading, request) });
  if (filled.kind === 'unsendable') {
    const what = request.kind === 'create' ? filled.what : `${filled.what}: the ID`;
    const reason = `Cannot write ${reading.subject}: not sent, because ${what}`;
    return { kind: 'failed', failure: { kind: 'rejected', status: 0, reason } };
  }
  const isUpdate = request.kind === 'update';
  const reply = await reading.http.request({
    ...filled.request,
    judge: (answer) => judgeDialect(reading.entity.errors, answer, request.kind),
    ...(isUpdate ? { answers: GONE } : {}),
  });
  if (reply.kind === 'failed') {
    const isMissing = isUpdate && reply.failure.kind === 'rejected' && reply.failure.because === 'missing';
    return isMissing ? { kind: 'missing' } : reply;
  }
  return GONE.includes(reply.status) ? { kind: 'missing' } : written(reading, request, reply);
};

const templateOf = ({ requests, subject }: RestReading, { kind }: WriteRequest): RequestTemplate => {
  if (kind !== 'upsert') return requests[kind];
  if (requests.upsert === undefined) {
    throw new Error(`Cannot upsert ${subject}: its contract has no upsert; find and write instead`);
  }
  return requests.upsert;
};

/** What placeholders stand for in a write: the record, and what names it. */
export const bindingsOf = ({ externalIdField, entity: { codec } }: RestReading, request: WriteRequest): Bindings => {
  const { writeId } = request;
  const key = externalIdField === undefined ? undefined : scalarText(valueAt(request.fields, externalIdField));
  const fields = codec === undefined ? request.fields : encodeProperties(codec, request.fields);
  const externalId = request.kind === 'upsert' ? request.externalId : key;
  return {
    fields,
    fieldsWithoutKey: externalIdField === undefined ? fields : without(fields, externalIdField.split('.')),
    ...(externalId === undefined ? {} : { externalId, externalIdHash: digestText(externalId) }),
    ...(writeId === undefined ? {} : { writeId }),
    ...(request.kind === 'update' ? { id: request.targetId } : {}),
    ...(request.kind === 'update' && request.version !== undefined ? { version: request.version } : {}),
  };
};

const without = (fields: JsonObject, [step = '', ...rest]: readonly string[]): JsonObject =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => {
      if (name !== step) return [[name, value] as const];
      return rest.length > 0 && isJsonObject(value) ? [[name, without(value, rest)] as const] : [];
    }),
  );

const written = (
  reading: RestReading,
  request: WriteRequest,
  reply: Extract<HttpReply, { kind: 'response' }>,
): WriteReply => {
  const { status, json } = reply;
  const { written: place } = reading.entity;
  const record = json === undefined ? undefined : answerAt(json, place?.recordAt ?? '');
  const id = isJsonObject(record) ? idIn(reading, record) : undefined;
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
      return { kind: 'written', targetId: id ?? null, created: wasCreated(place?.created, reply, id) };
  }
};

const idIn = ({ entity, reader }: RestReading, record: JsonObject): string | undefined =>
  entity.written?.idAt === undefined ? reader.idOf(record) : scalarText(answerAt(record, entity.written.idAt));

type Answered = { readonly status: number; readonly json: JsonValue | undefined };

/** Null where the system does not say. */
export const wasCreated = (
  signal: CreatedSignal | undefined,
  { status, json }: Answered,
  id: string | undefined,
): boolean | null => {
  // 204 tells nothing apart: some APIs answer it to both.
  if (signal === undefined) return status === 201 ? true : status === 200 ? false : null;
  if (signal === 'untold') return null;
  if ('status' in signal) return status === signal.status;
  if ('at' in signal) return holds(signal, json);
  const ids = answerAt(json, signal.idIn);
  return Array.isArray(ids) && id !== undefined ? ids.some((one: JsonValue) => scalarText(one) === id) : null;
};

const isErrorBody = (json: JsonValue | undefined): boolean => {
  if (!isJsonObject(json)) return false;
  const isSaid = (name: string): boolean => holds({ at: name }, json);
  return isSaid('error') || isSaid('errors') || json['success'] === false || json['ok'] === false;
};
