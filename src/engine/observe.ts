import { canonicalText, digestText } from '../core/digest.ts';
import { instantFromMs } from '../core/instant.ts';
import type { JsonObject } from '../core/json.ts';
import type { FieldProblem, Mapping } from '../core/mapping/mapping.ts';
import { PAYLOAD_BYTES_MAX, RECORD_REASON_CHARS_MAX, type ObservedRecord } from '../core/protocol/cycle-routes.ts';
import { storableReason } from '../core/protocol/reason.ts';
import type { SystemRecord, UnusableRow } from '../core/system/entity-driver.ts';

const EXTERNAL_ID_MAX = 500;

// A row without ID or time is filed under this time, the same on every reading, so that it is filed once.
const NO_TIME = instantFromMs(0);

const describe = (problems: readonly FieldProblem[]): string =>
  storableReason(problems.map(({ field, message }) => `${field} ${message}`).join('; '), RECORD_REASON_CHARS_MAX);

const idTrouble = (id: string): string | undefined => {
  if (id.length > EXTERNAL_ID_MAX) return `has ${id.length} characters; at most ${EXTERNAL_ID_MAX} are possible`;
  return id === '' || !id.isWellFormed() || id.includes('\0')
    ? 'is empty, or holds a NUL or half a character'
    : undefined;
};

/**
 * A record's ID as the store files it: the ID itself, or of one that cannot be kept its beginning and its digest, so
 * that two which begin alike stay two.
 */
export const filedId = (id: string): string =>
  idTrouble(id) === undefined
    ? id
    : `${id.slice(0, 100).toWellFormed().replaceAll('\0', '')}...${digestText(JSON.stringify(id))}`;

/** A source record in the target's terms, what the store records of it, and how many characters its payload has as JSON. */
export type Observation = { readonly fields: JsonObject; readonly observed: ObservedRecord; readonly chars: number };

const refusal = (record: SystemRecord, text: string): string | undefined => {
  const trouble = idTrouble(record.id);
  if (trouble !== undefined) return `The ID ${trouble}`;
  // A character of JSON text has three bytes at most.
  if (text.length * 3 <= PAYLOAD_BYTES_MAX) return undefined;
  const bytes = new TextEncoder().encode(text).length;
  return bytes > PAYLOAD_BYTES_MAX
    ? `The mapped record has ${bytes} bytes; Zapier carries at most ${PAYLOAD_BYTES_MAX}`
    : undefined;
};

/**
 * Maps, validates and measures one source record. Whatever is in a record, it is held or refused and never thrown
 * over: one bad record must not stall the rest.
 */
export const observeRecord = async (mapping: Mapping, record: SystemRecord): Promise<Observation> => {
  const { fields, problems } = await mapping.map(record.body);
  const text = canonicalText(fields);
  const base = { externalId: filedId(record.id), updatedAt: record.updatedAt, digest: digestText(text) };
  const refused = refusal(record, text);
  if (refused !== undefined) {
    return { fields, observed: { ...base, state: 'refused', payload: null, reason: refused }, chars: 0 };
  }
  const [state, reason] = problems.length > 0 ? (['held', describe(problems)] as const) : (['ready', null] as const);
  return { fields, observed: { ...base, state, payload: fields, reason }, chars: text.length };
};

/**
 * A row that nothing can be keyed by becomes a dead letter under the digest of its content: it is named and owned,
 * and the rest of the page goes on.
 */
export const observeUnusable = (row: UnusableRow, page: number): ObservedRecord => ({
  externalId: `unidentified:${row.digest.slice(0, 32)}`,
  updatedAt: NO_TIME,
  digest: row.digest,
  state: 'refused',
  payload: null,
  reason: `Row ${row.position + 1} of page ${page + 1} of the source has ${row.reason}`,
});
