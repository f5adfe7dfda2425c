import type { ContractBundle } from '../../core/contract/bundle.ts';

const BUNDLES_MAX = 500;

/**
 * Bundles that were read and parsed before. A version names its contents for ever, so an entry is never out of date;
 * parsing one anew for each write would cost more than the write's own statements.
 */
export type BundleCache = {
  readonly get: (environment: string, sync: string, version: string) => ContractBundle | undefined;
  readonly set: (environment: string, bundle: ContractBundle) => void;
};

const keyOf = (environment: string, sync: string, version: string): string => `${environment}/${sync}/${version}`;

export const createBundleCache = (): BundleCache => {
  const bundles = new Map<string, ContractBundle>();
  return {
    get: (environment, sync, version) => bundles.get(keyOf(environment, sync, version)),
    set: (environment, bundle) => {
      const [oldest] = bundles.keys();
      if (bundles.size >= BUNDLES_MAX && oldest !== undefined) bundles.delete(oldest);
      bundles.set(keyOf(environment, bundle.sync.name, bundle.version), bundle);
    },
  };
};
