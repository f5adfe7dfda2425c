import type { ContractBundle } from '../core/contract/bundle.ts';
import type { SystemRecord } from '../core/system/entity-driver.ts';
import type { SystemFailure } from '../core/system/failure.ts';
import { type DriverFactory, prepare, type Prepared } from './contracts.ts';
import { type Observation, observeRecord } from './observe.ts';
import { withRetry } from './retry.ts';
import type { Runtime } from './runtime.ts';

/** The Zapier editor shows three records. */
const SAMPLES_MAX = 3;

export type SampleResult =
  | {
      readonly kind: 'samples';
      readonly prepared: Prepared;
      readonly records: readonly (Observation & { readonly record: SystemRecord })[];
    }
  | { readonly kind: 'failed'; readonly failure: SystemFailure };

/**
 * Reads three records for the editor, straight from the source: no cycle, no obligation, no checkpoint.
 *
 * Makes one request to the source and none to the store.
 */
export const sample = async (
  bundle: ContractBundle,
  driver: DriverFactory,
  runtime: Runtime,
): Promise<SampleResult> => {
  const prepared = prepare(bundle, driver);
  const request = { since: null, token: null, pageSize: SAMPLES_MAX };
  const { reply } = await withRetry(runtime, () => prepared.source.readPage(request));
  if (reply.kind === 'failed') return reply;
  const records: (Observation & { record: SystemRecord })[] = [];
  for (const record of reply.records.slice(0, SAMPLES_MAX)) {
    records.push({ record, ...(await observeRecord(prepared.mapping, record)) });
  }
  return { kind: 'samples', prepared, records };
};
