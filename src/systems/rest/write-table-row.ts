import { answerAt } from '../../core/answer-path.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { WriteReply, WriteRequest } from '../../core/system/entity-driver.ts';
import type { SystemFailure } from '../../core/system/failure.ts';
import { scalarText } from '../row-reader.ts';
import { judgeDialect } from './dialect.ts';
import { fillRequest } from './fill-request.ts';
import type { Bindings } from './fill-template.ts';
import { getRows, type RestReading } from './rest-reading.ts';
import { cellsOf, type Table, tableOf } from './table.ts';

type TableWrite = Exclude<WriteRequest, { kind: 'upsert' }>;

/**
 * Writes one row of a table. The whole table is read first: for the places of the columns, and for the number of the
 * row, which is good only until somebody inserts or removes one above it. An update leaves the ID alone, and looks at
 * it in the answer: where it is another one, a row moved meanwhile and another record was written over, which is said.
 *
 * Requests: two.
 */
export const writeTableRow = async (reading: RestReading, request: WriteRequest): Promise<WriteReply> => {
  const { subject, requests, entity } = reading;
  if (request.kind === 'upsert') {
    throw new Error(`Cannot upsert ${subject}: a table has no upsert; find and write instead`);
  }
  const reply = await getRows(reading, requests.list, { bindings: { pageSize: entity.pageSize } });
  if (reply.kind === 'failed') return reply;
  const items = answerAt(reply.json, entity.recordsAt);
  const table = isList(items) ? tableOf(items) : undefined;
  if (table === undefined) return refused(`Cannot write ${subject}: its first row does not name each column once`);
  const found = request.kind === 'update' ? rowsWith(reading, table, request.targetId) : [];
  if (request.kind === 'update' && found.length === 0) return { kind: 'missing' };
  if (found.length > 1) return refused(`Cannot write ${subject}: ${found.length} rows have this ID`, 'several_matches');
  const cells = cellsOf(table, fieldsOf(reading, request));
  if (cells === undefined) {
    return refused(`Cannot write ${subject}: a mapped field has no column, or is no single value`);
  }
  return send(reading, request, table, { cells, ...(found[0] === undefined ? {} : { row: found[0] }) });
};

const rowsWith = ({ reader }: RestReading, { rows }: Table, id: string): readonly number[] =>
  rows.filter(({ record }) => reader.idOf(record) === id).map(({ number }) => number);

const fieldsOf = ({ entity }: RestReading, { kind, fields }: TableWrite): JsonObject =>
  kind === 'create' ? fields : Object.fromEntries(Object.entries(fields).filter(([name]) => name !== entity.idField));

const send = async (
  reading: RestReading,
  request: TableWrite,
  table: Table,
  bindings: Pick<Bindings, 'cells'> & { readonly row?: number },
): Promise<WriteReply> => {
  const { entity, http, requests, subject, constants } = reading;
  const filled = fillRequest(requests[request.kind], { ...constants, ...bindings });
  if (filled.kind === 'unsendable') return refused(`Cannot write ${subject}: not sent, because ${filled.what}`);
  const reply = await http.request({
    ...filled.request,
    judge: (answer) => judgeDialect(entity.errors, answer, request.kind),
  });
  if (reply.kind === 'failed') return reply;
  if (request.kind === 'create') {
    return { kind: 'written', targetId: scalarText(request.fields[entity.idField]) ?? null, created: true };
  }
  const cells = answerAt(reply.json, entity.written?.recordAt ?? '');
  const id = isList(cells) ? scalarText(cells[table.columns.indexOf(entity.idField)]) : undefined;
  if (id === request.targetId) return { kind: 'written', targetId: id, created: false };
  if (id === undefined) {
    const reason = `Cannot tell what became of a write to ${subject}: the answer does not show the row`;
    return { kind: 'failed', failure: { kind: 'unknown', answered: true, reason } };
  }
  return refused(
    `Cannot tell rows of ${subject} apart: row ${bindings.row ?? 0} moved while it was written, and holds another record; correct that row, then replay`,
    'conflict',
  );
};

type Because = NonNullable<Extract<SystemFailure, { kind: 'rejected' }>['because']>;

const refused = (reason: string, because?: Because): WriteReply => ({
  kind: 'failed',
  failure: { kind: 'rejected', status: 0, reason, ...(because === undefined ? {} : { because }) },
});

const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
