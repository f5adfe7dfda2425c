import { z } from 'zod';
import { REQUEST_BYTES_MAX } from '../../core/protocol/cycle-routes.ts';
import type { AnyRoute } from '../../core/protocol/route.ts';
import { StoreError } from '../../core/protocol/store-error.ts';

/** One call as it goes out. */
export type OutgoingRequest = {
  readonly method: AnyRoute['method'];
  readonly url: string;
  /** Bytes, because Zapier's own client rewrites text that looks like one of its placeholders. */
  readonly body: Uint8Array<ArrayBuffer> | undefined;
};

const scalars = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).optional());

const fillPath = (path: string, params: unknown): string => {
  const values = scalars.parse(params);
  return path.replaceAll(/:(\w+)/g, (_whole, name: string) => {
    const value = values[name];
    // An empty part would be the path of another operation.
    if (value === undefined || value === '') {
      throw new StoreError('invalid_request', `Cannot call ${path}: "${name}" is empty`);
    }
    return encodeURIComponent(String(value));
  });
};

const queryOf = (request: unknown): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(scalars.parse(request))) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size > 0 ? `?${query.toString()}` : '';
};

/**
 * Builds the request of a route.
 *
 * @throws StoreError `too_large` for a body that the store would refuse anyway, after having been sent all of it
 */
export const buildRequest = (base: URL, route: AnyRoute, params: unknown, request: unknown): OutgoingRequest => {
  const { method } = route;
  const url = `${base.origin}${base.pathname === '/' ? '' : base.pathname}${fillPath(route.path, params)}`;
  if (method === 'GET' || method === 'DELETE') return { method, url: `${url}${queryOf(request)}`, body: undefined };
  const body = new TextEncoder().encode(JSON.stringify(request));
  if (body.byteLength <= REQUEST_BYTES_MAX) return { method, url, body };
  throw new StoreError(
    'too_large',
    `Cannot call ${route.path}: the body has ${body.byteLength} bytes, the store takes ${REQUEST_BYTES_MAX}`,
  );
};
