import type { z } from 'zod';
import type { Route } from '../../core/protocol/route.ts';
import { routes } from '../../core/protocol/routes.ts';
import { StoreError } from '../../core/protocol/store-error.ts';
import type { StorePort } from '../../core/protocol/store-port.ts';
import { buildRequest } from './build-request.ts';
import { callStore, type ClientWorld } from './call-store.ts';
import { parseStoreUrl } from './store-url.ts';

export type ClientSetup = ClientWorld & {
  readonly url: string;
  /** The API key; never part of a message. */
  readonly key: string;
  /** Names the caller in the store's proxy logs, such as `tidemark-zapier/0.1.0`. */
  readonly userAgent: string;
};

type Call<Params extends z.ZodType, Request extends z.ZodType, Reply extends z.ZodType> = (
  params: z.input<Params>,
  request: z.input<Request>,
) => Promise<z.output<Reply>>;

/** A header holds visible ASCII; anything else in a key is a slip of copying, and `fetch` would quote it whole. */
const VISIBLE = /^[\x21-\x7e]+$/;

const acceptedKey = (key: string): string => {
  const trimmed = key.trim();
  if (VISIBLE.test(trimmed)) return trimmed;
  throw new StoreError(
    'unauthenticated',
    'The API key is empty or holds spaces or other characters that no key has. Copy it again, whole',
  );
};

/**
 * A store behind its HTTP API.
 *
 * @throws StoreError `invalid_request` for a URL that cannot be a store's, `unauthenticated` for a key that cannot be one
 */
export const createStoreClient = (setup: ClientSetup): StorePort => {
  const base = parseStoreUrl(setup.url);
  const headers = {
    authorization: `Bearer ${acceptedKey(setup.key)}`,
    accept: 'application/json, application/problem+json',
    'user-agent': setup.userAgent,
  };
  const call =
    <Params extends z.ZodType, Request extends z.ZodType, Reply extends z.ZodType>(
      route: Route<Params, Request, Reply>,
    ): Call<Params, Request, Reply> =>
    async (params, request) => {
      const body = await callStore(setup, buildRequest(base, route, params, request), headers);
      const reply = route.reply.safeParse(body);
      if (reply.success) return reply.data;
      const at = reply.error.issues[0]?.path.map(String).join('.') ?? '';
      throw new StoreError(
        'unreachable',
        `The store at ${base.host} answered ${route.path} in a form that is not known here (at "${at}"). Check the store URL, and that store and app have the same version`,
      );
    };
  return {
    me: call(routes.me),
    listSyncs: call(routes.listSyncs),
    getSync: call(routes.getSync),
    applySystem: call(routes.applySystem),
    applySync: call(routes.applySync),
    createKey: call(routes.createKey),
    listKeys: call(routes.listKeys),
    revokeKey: call(routes.revokeKey),
    openStream: call(routes.openStream),
    getStream: call(routes.getStream),
    openCycle: call(routes.openCycle),
    recordPage: call(routes.recordPage),
    emit: call(routes.emit),
    beginWrites: call(routes.beginWrites),
    completeWrites: call(routes.completeWrites),
    acknowledgeDelivery: call(routes.acknowledgeDelivery),
    claimOnce: call(routes.claimOnce),
    listCircuits: call(routes.listCircuits),
    closeCircuit: call(routes.closeCircuit),
    openReconciliation: call(routes.openReconciliation),
    recordSlice: call(routes.recordSlice),
    getReconciliation: call(routes.getReconciliation),
    getRecord: call(routes.getRecord),
    listEvidence: call(routes.listEvidence),
    signTreeHead: call(routes.signTreeHead),
    getTreeHead: call(routes.getTreeHead),
    proveEntry: call(routes.proveEntry),
    proveGrowth: call(routes.proveGrowth),
    listDeadLetters: call(routes.listDeadLetters),
    getDeadLetter: call(routes.getDeadLetter),
    deadLetterRecord: call(routes.deadLetterRecord),
    replayDeadLetters: call(routes.replayDeadLetters),
    resolveDeadLetter: call(routes.resolveDeadLetter),
    listHeld: call(routes.listHeld),
    waiveHeld: call(routes.waiveHeld),
    listCheckpoints: call(routes.listCheckpoints),
    openDryRun: call(routes.openDryRun),
    previewWrites: call(routes.previewWrites),
  };
};
