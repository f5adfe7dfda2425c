import * as zod from 'zod';
import type { Instant } from '../core/instant.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import { SEALED } from '../core/mapping/sensitive.ts';
import { uuid } from '../core/protocol/cycle-routes.ts';
import type { UpsertItem } from '../engine/upsert.ts';
import { instantText } from '../core/read/checkpoint.ts';
import { InputError, optional } from './input.ts';

type Given = {
  readonly delivery_id: string | undefined;
  readonly external_id: string | undefined;
  readonly updated_at: Instant | undefined;
};

/** Samples of the trigger carry such an ID: no delivery stands behind it. */
const SAMPLE_ID = /^sample-/;
const CHARS_MAX = 100;

/** True for the ID of a sample: nobody waits for its acknowledgement. */
export const isSampleId = (id: string): boolean => SAMPLE_ID.test(id);

/**
 * The field Delivery ID. Anything but what a trigger gave is refused here: the store would quote it in its answer, and
 * what was mapped by mistake may be a record's value.
 */
export const deliveryId = zod
  .string()
  .max(CHARS_MAX)
  .refine((text) => isSampleId(text) || uuid.safeParse(text).success, 'must be one that a Tidemark trigger gave');

// A longer one the store would refuse.
const EXTERNAL_ID_CHARS_MAX = 500;

/** The fields that say which record is written, and with what. */
export const writeInput = {
  delivery_id: optional(deliveryId),
  external_id: optional(zod.coerce.string().max(EXTERNAL_ID_CHARS_MAX)),
  updated_at: optional(instantText),
  record_json: zod.unknown().optional(),
};

const TURN_ON = 'Map External ID and Updated At of the trigger too, or turn the Zap on';

/** What is to be written: a delivery where there is a real one, else a record that the step describes itself. */
export const subjectOf = ({
  delivery_id: givenId,
  external_id: externalId,
  updated_at: updatedAt,
}: Given): UpsertItem['subject'] => {
  const isSample = givenId !== undefined && isSampleId(givenId);
  if (givenId !== undefined && !isSample) return { kind: 'delivery', deliveryId: givenId };
  if (externalId !== undefined && updatedAt !== undefined) return { kind: 'record', externalId, updatedAt };
  if (isSample) throw new InputError('its Delivery ID is that of a sample, which nobody waits for', TURN_ON);
  throw new InputError(
    'nothing says which record this is',
    'Map Delivery ID from a Tidemark trigger, or both External ID and Updated At',
  );
};

const isPartlySealed = (value: JsonValue): boolean =>
  typeof value === 'string' && value !== SEALED && value.includes(SEALED);

/**
 * Only the store can fill in what is sealed, only for a delivery, and only a whole value. Otherwise the mark itself, or
 * nothing, would take the place of the true value on the target.
 *
 * @throws InputError when that would happen
 */
export const refuseSealed = (subject: UpsertItem['subject'], fields: JsonObject): void => {
  const values = Object.values(fields);
  if (values.some(isPartlySealed)) {
    throw new InputError(
      'a sensitive value is sealed and cannot be a part of other text',
      'Map it alone, or leave it out',
    );
  }
  if (subject.kind === 'record' && values.includes(SEALED)) {
    throw new InputError(
      'its sensitive values are sealed, and only a real delivery unseals them',
      'Map Delivery ID, and turn the Zap on: this sample cannot be written',
    );
  }
};
