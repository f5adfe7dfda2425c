import type { Connection } from './connection.ts';
import type { InputField } from './definition.ts';
import { buildInputData, type InputReport, type Mapping } from './input-data.ts';
import type { Platform } from './platform.ts';

/** A trigger as it is saved with its Zap. */
export type TriggerPart = {
  readonly key: string;
  readonly mapping: Mapping;
  readonly fields: readonly InputField[];
  readonly connection: Connection | null;
};

/** The trigger's input: what the user entered, since nothing comes before a trigger. */
export const triggerInput = ({ clock, definition }: Platform, trigger: TriggerPart): InputReport =>
  buildInputData(trigger.mapping, {
    fields: trigger.fields,
    outputs: {},
    cleanInputData: definition.flags?.cleanInputData ?? true,
    timezone: timezoneOf(trigger.connection),
    nowMs: clock.now(),
  });

export const timezoneOf = (connection: Connection | null): string => connection?.timezone ?? 'UTC';
