import { parseStructuredList, type StructuredItem } from './structured-list.ts';

/** One policy of a `RateLimit` header. */
type Quota = { readonly remaining: number; readonly resetSeconds: number };

// The header as drafts 3 to 7 had it, a dictionary: limit=100, remaining=0, reset=58.
const OLD_RESET = /(?:^|[;,\s])reset\s*=\s*(\d{1,15})(?:$|[;,\s])/i;

const count = (item: StructuredItem, key: string): number | undefined => {
  const value = item.parameters.get(key);
  return typeof value === 'number' && value >= 0 ? value : undefined;
};

/**
 * How long `RateLimit` says to wait, in milliseconds: until the quota with the least left is full again, the latest of
 * several. A quota that does not say when is full after the window of its policy.
 *
 * @returns undefined where the header is missing, no structured field, or silent about time
 * Source: draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4.
 */
export const rateLimitWaitMs = (rateLimit: string | null, policy: string | null): number | undefined => {
  if (rateLimit === null) return undefined;
  const limits = parseStructuredList(rateLimit);
  if (limits === undefined) {
    const old = OLD_RESET.exec(rateLimit)?.[1];
    return old === undefined ? undefined : Number(old) * 1000;
  }
  const windows = new Map(
    (policy === null ? [] : (parseStructuredList(policy) ?? [])).map((item) => [item.value, count(item, 'w')]),
  );
  const quotas = limits.flatMap((item): Quota[] => {
    const resetSeconds = count(item, 't') ?? windows.get(item.value);
    return resetSeconds === undefined ? [] : [{ remaining: count(item, 'r') ?? 0, resetSeconds }];
  });
  const [first] = quotas.toSorted((a, b) => a.remaining - b.remaining || b.resetSeconds - a.resetSeconds);
  return first === undefined ? undefined : first.resetSeconds * 1000;
};
