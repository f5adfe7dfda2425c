import type { InputField } from './definition.ts';
import type { HookRequest } from './hook-registry.ts';
import type { JsonRecord } from './record.ts';

/**
 * What an app's function gets as its second argument.
 * Source: zapier-platform-core 19.1.0, types/custom.d.ts.
 */
export type Bundle = {
  readonly authData: JsonRecord;
  /** Rendered, coerced and, unless the app's flag says no, cleaned. */
  readonly inputData: JsonRecord;
  /** What the user typed, templates and all. */
  readonly inputDataRaw: JsonRecord;
  readonly meta: BundleMeta;
  readonly outputData?: unknown;
  readonly rawRequest?: HookRequest;
  readonly cleanedRequest?: unknown;
  readonly subscribeData?: unknown;
  readonly targetUrl?: string;
};

export type BundleMeta = {
  readonly isBulkRead: boolean;
  readonly isFillingDynamicDropdown: boolean;
  readonly isLoadingSample: boolean;
  readonly isPopulatingDedupe: boolean;
  readonly isTestingAuth: boolean;
  /** Items wanted; -1 is no limit. */
  readonly limit: number;
  /** Page of a dropdown or of samples, from 0. */
  readonly page: number;
  readonly timezone: string | null;
  readonly inputFields: Readonly<Record<string, JsonRecord>>;
  /** Deprecated and not always there: an app must do without. */
  readonly zap?: { readonly id: string; readonly user: { readonly timezone: string } };
  readonly withSearch?: string;
  readonly paging_token?: string;
};

export type MetaOptions = Partial<Omit<BundleMeta, 'zap' | 'inputFields'>> & {
  readonly zapId?: string;
  readonly fields?: readonly InputField[];
};

export const buildMeta = ({ zapId, fields = [], ...set }: MetaOptions): BundleMeta => ({
  isBulkRead: false,
  isFillingDynamicDropdown: false,
  isLoadingSample: false,
  isPopulatingDedupe: false,
  isTestingAuth: false,
  limit: -1,
  page: 0,
  timezone: null,
  ...set,
  inputFields: Object.fromEntries(fields.flatMap(({ key, meta }) => (meta === undefined ? [] : [[key, meta]]))),
  ...(zapId === undefined ? {} : { zap: { id: zapId, user: { timezone: set.timezone ?? 'UTC' } } }),
});
