import { answerAt } from '../../core/answer-path.ts';
import type { Batch } from '../../core/contract/rest/answers.ts';
import type { RequestTemplate } from '../../core/contract/rest/template.ts';
import type { JsonValue } from '../../core/json.ts';
import type { UpsertRequest, WriteReply } from '../../core/system/entity-driver.ts';
import { scalarText } from '../row-reader.ts';
import { codeIn, holds, judgeDialect, meaningOf } from './dialect.ts';
import { fillRequest } from './fill-request.ts';
import type { RestReading } from './rest-reading.ts';
import { bindingsOf, wasCreated } from './write-row.ts';

type Setup = { readonly template: RequestTemplate; readonly batch: Batch; readonly writeId?: string | undefined };

/**
 * Upserts several records in one request. Each outcome is read from the result that is about it, by its key or its
 * place; the status of the whole says nothing of any of them. Where there is no result, or the places do not add up,
 * what became of the record is `unknown`.
 *
 * @throws RangeError on more records than one request takes, or two with one external ID
 */
export const writeRows = async (
  reading: RestReading,
  { template, batch, writeId }: Setup,
  requests: readonly UpsertRequest[],
): Promise<readonly WriteReply[]> => {
  if (requests.length > batch.max) {
    throw new RangeError(`Cannot write ${requests.length} records of ${reading.subject}: at most ${batch.max} at once`);
  }
  if (new Set(requests.map(({ externalId }) => externalId)).size < requests.length) {
    throw new RangeError(`Cannot write ${reading.subject}: two records of one request have the same external ID`);
  }
  if (requests.length === 0) return [];
  const items = requests.map((request, index) => ({ ...bindingsOf(reading, request), itemKey: keyOf(index) }));
  const whole = { ...reading.constants, ...(writeId === undefined ? {} : { writeId }) };
  const filled = fillRequest(template, whole, items);
  if (filled.kind === 'unsendable') {
    const reason = `Cannot write ${reading.subject}: not sent, because ${filled.what}`;
    return requests.map(() => ({ kind: 'failed', failure: { kind: 'rejected', status: 0, reason } }));
  }
  const reply = await reading.http.request({
    ...filled.request,
    judge: (answer) => judgeDialect(reading.entity.errors, answer, 'upsert'),
  });
  if (reply.kind === 'failed') return requests.map(() => reply);
  const outcomes = outcomesIn(batch, reply.json, namesOf(reading, batch, requests));
  return requests.map((_request, index) =>
    judgeItem(reading, batch, { ...outcomes(index), status: reply.status, whole: reply.json }),
  );
};

const keyOf = (index: number): string => `item-${index}`;

/** What each item is called in the answer, and where a result says so; by its place where there is no path. */
type Names = { readonly at: string | undefined; readonly names: readonly string[] };

const namesOf = ({ externalIdField }: RestReading, batch: Batch, requests: readonly UpsertRequest[]): Names =>
  batch.fieldsAt === undefined || externalIdField === undefined
    ? { at: batch.keyAt, names: requests.map((_request, index) => keyOf(index)) }
    : { at: `${batch.fieldsAt}.${externalIdField}`, names: requests.map(({ externalId }) => externalId) };

type Outcome = { readonly result: JsonValue | undefined; readonly code: string | undefined };

const listAt = (json: JsonValue | undefined, path: string): readonly JsonValue[] | undefined => {
  const list = answerAt(json, path);
  return Array.isArray(list) ? list : undefined;
};

/** Finds what the answer says of each item. */
const outcomesIn = (batch: Batch, json: JsonValue | undefined, { at, names }: Names): ((index: number) => Outcome) => {
  const results = listAt(json, batch.itemsAt) ?? [];
  const { errors } = batch;
  const failed = errors === undefined ? [] : (listAt(json, errors.at) ?? []);
  const refused = new Map(
    failed.map((one) => [
      scalarText(answerAt(one, errors?.keyAt ?? '')),
      codeIn(one, errors?.codeAt ?? '') ?? 'without a code',
    ]),
  );
  if (at === undefined) {
    // With one too few or too many, no place says which record a result is about.
    return (index) => ({ result: results.length === names.length ? results[index] : undefined, code: undefined });
  }
  const byName = Map.groupBy(results, (one) => scalarText(answerAt(one, at)));
  return (index) => {
    const own = byName.get(names[index] ?? '') ?? [];
    return { result: own.length === 1 ? own[0] : undefined, code: refused.get(keyOf(index)) };
  };
};

type Told = Outcome & { readonly status: number; readonly whole: JsonValue | undefined };

const judgeItem = (reading: RestReading, batch: Batch, { result, code, status, whole }: Told): WriteReply => {
  const id = result === undefined ? undefined : scalarText(answerAt(result, batch.idAt));
  const isOk = result !== undefined && (batch.ok === undefined ? id !== undefined : holds(batch.ok, result));
  if (isOk && code === undefined) {
    const { created } = batch;
    const isOfItem = typeof created === 'object' && 'at' in created;
    const json = isOfItem ? result : whole;
    const isSaid = created === undefined ? null : wasCreated(created, { status, json }, id);
    return { kind: 'written', targetId: id ?? null, created: isSaid };
  }
  if (code === undefined && (result === undefined || isOk)) return unknown(reading, status);
  const own = code ?? (batch.codeAt === undefined || result === undefined ? undefined : codeIn(result, batch.codeAt));
  const ownStatus = statusIn(batch, result) ?? status;
  const meaning = meaningOf(reading.entity.errors, { status: ownStatus, code: own, on: 'upsert' });
  const isRefusal = ownStatus < SERVER_ERROR || meaning !== undefined;
  return isRefusal ? refusedItem(reading, ownStatus, own) : unknown(reading, ownStatus);
};

/** The status that a result has of its own. */
const statusIn = ({ statusAt }: Batch, result: JsonValue | undefined): number | undefined => {
  const text = statusAt === undefined ? undefined : scalarText(answerAt(result, statusAt));
  const digits = /^\d{3}/.exec(text ?? '')?.[0];
  return digits === undefined ? undefined : Number(digits);
};

const unknown = ({ subject }: RestReading, status: number): WriteReply => ({
  kind: 'failed',
  failure: {
    kind: 'unknown',
    answered: true,
    reason: `Cannot tell what became of a write to ${subject}: status ${status} without a result for this record`,
  },
});

const refusedItem = ({ entity, subject }: RestReading, status: number, code: string | undefined): WriteReply => {
  const meaning = meaningOf(entity.errors, { status, code, on: 'upsert' });
  const reason = `Cannot write ${subject}: status ${status}, and the result of this record is an error (${code ?? 'without a code'})`;
  switch (meaning) {
    case 'throttled': {
      const seconds = entity.errors?.retryAfterSeconds ?? RETRY_SECONDS;
      return { kind: 'failed', failure: { kind: 'throttled', retryAfterMs: seconds * 1000, reason } };
    }
    case 'several':
      return { kind: 'failed', failure: { kind: 'rejected', status, because: 'several_matches', reason } };
    case 'conflict':
      return { kind: 'failed', failure: { kind: 'rejected', status, because: 'conflict', reason } };
    case 'missing':
      return { kind: 'missing' };
    case 'refused':
    case 'tokenExpired':
    case undefined:
      return { kind: 'failed', failure: { kind: 'rejected', status, reason } };
  }
};

const RETRY_SECONDS = 30;
const SERVER_ERROR = 500;
