import type { Connection } from './connection.ts';
import type { InputField } from './definition.ts';
import type { Mapping } from './input-data.ts';
import type { JsonRecord } from './record.ts';
import type { StepOutcome } from './step-outcome.ts';

/** A step as a caller describes it. */
export type StepSpec =
  | { readonly kind: 'create'; readonly key: string; readonly inputData: Mapping }
  | {
      readonly kind: 'search';
      readonly key: string;
      readonly inputData: Mapping;
      /** Whether the Zap goes on where nothing was found. Default: it stops. */
      readonly continueIfEmpty?: boolean;
    }
  /** An action of somebody else's app. `perform` says what happened; what it throws is an errored step. */
  | {
      readonly kind: 'other_app';
      readonly key: string;
      readonly inputData: Mapping;
      readonly perform: (inputData: JsonRecord) => Promise<OtherAppOutcome>;
    }
  /** Zapier's own filter: the run ends quietly unless it passes. */
  | { readonly kind: 'filter'; readonly key: string; readonly passes: (outputs: JsonRecord) => boolean };

export type OtherAppOutcome = Extract<StepOutcome, { kind: 'halted' | 'errored' | 'throttled' }> | OtherAppSuccess;

export type OtherAppSuccess = { readonly kind: 'success'; readonly output: JsonRecord };

/** A step of this app as it is saved with the Zap: defaults filled in, fields fetched as the editor did. */
export type AppStep = {
  readonly kind: 'create' | 'search';
  readonly key: string;
  readonly mapping: Mapping;
  readonly fields: readonly InputField[];
  readonly connection: Connection | null;
  readonly continueIfEmpty: boolean;
};

export type SavedStep = AppStep | Extract<StepSpec, { kind: 'other_app' | 'filter' }>;
