import type { Bundle } from './bundle.ts';
import type { AppDefinition } from './definition.ts';
import type { Invocation } from './invocation.ts';
import type { Limits } from './limits.ts';
import type { Rejection } from './outcome.ts';
import type { JsonRecord } from './record.ts';
import type { Random } from './seeded-random.ts';
import { sealBundle } from './stashed-bundle.ts';
import type { StashStore } from './stash-store.ts';

export type EventSource = {
  readonly limits: Limits;
  readonly random: Random;
  readonly stash: StashStore;
  /** The app's variables, as `zapier-platform env:set` put them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly rpcUrl: string;
  /** The token of calls that belong to no connection. */
  readonly appToken: string;
  /** Secret that core signs hydration pointers and opens stashed bundles with. */
  readonly oneTimeSecret: string;
  /** Null until the app has told its definition. */
  readonly definition: () => AppDefinition | null;
};

export type PreparedEvent =
  | { readonly kind: 'ready'; readonly event: JsonRecord }
  | { readonly kind: 'refused'; readonly rejection: Rejection };

/** Builds the Lambda event of one invocation. A bundle too large to travel inline goes through the stash. */
export const prepareEvent = (source: EventSource, invocation: Invocation): PreparedEvent => {
  const { limits } = source;
  const bundleBytes = Buffer.byteLength(JSON.stringify(invocation.bundle ?? {}));
  if (bundleBytes > limits.bundleStashedMaxBytes) {
    const message = `Request of ${bundleBytes} bytes exceeds maximum allowed size: ${limits.bundleStashedMaxBytes}`;
    return { kind: 'refused', rejection: { name: 'PayloadTooLarge', message } };
  }
  const isInline = bundleBytes <= limits.bundleInlineMaxBytes;
  const { connection, zapId, method, callbackUrl } = invocation;
  const event = {
    command: invocation.command ?? 'execute',
    method,
    bundle: isInline ? (invocation.bundle ?? {}) : {},
    ...(isInline ? {} : { stashedBundleKey: stashBundle(source, invocation.bundle) }),
    environment: { ...source.environment, _ZAPIER_ONE_TIME_SECRET: source.oneTimeSecret },
    token: connection?.token ?? source.appToken,
    rpc_base: source.rpcUrl,
    ...(callbackUrl === undefined ? {} : { callback_url: callbackUrl }),
    ...storeKeyOf(source.definition(), invocation),
    logExtra: { object_id: zapId, customuser_id: connection?.userId ?? null, app_cli_version: 'stand-in' },
    isDeveloper: false,
    calledFromCli: false,
    autostashPayloadOutputLimit: limits.resultMaxBytes,
  };
  return { kind: 'ready', event };
};

const stashBundle = ({ stash, oneTimeSecret, random }: EventSource, bundle: Bundle | null): string => {
  const initialVector = Buffer.from(Array.from({ length: 16 }, () => Math.floor(random() * 256)));
  const key = stash.reserve();
  stash.put(key, Buffer.from(sealBundle(bundle ?? {}, oneTimeSecret, initialVector)));
  return key;
};

/**
 * Zapier gives a store key, and with it a working z.cursor, only to the polls that say canPaginate.
 * Source: zapier-platform-core 19.1.0, src/tools/should-paginate.js.
 */
const storeKeyOf = (
  definition: AppDefinition | null,
  { method, zapId, connection }: Invocation,
): { readonly storeKey?: string } => {
  const [plural, key = '', , functionName] = method.split('.');
  const operation = plural === 'triggers' ? definition?.triggers[key]?.operation : undefined;
  if (operation?.canPaginate !== true) return {};
  const pagedFunction = operation.type === 'hook' ? 'performList' : 'perform';
  return functionName === pagedFunction ? { storeKey: `${zapId ?? connection?.id ?? 'editor'}:${method}` } : {};
};
