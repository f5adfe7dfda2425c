import { isPrivateHost } from '../../core/contract/private-host.ts';
import type { SystemContract } from '../../core/contract/system-contract.ts';
import type { HttpRequest } from './http.ts';

/** Servers and proxies refuse request lines from about 8,000 characters on. */
const URL_CHARS_MAX = 8000;

/** Nothing in such a path leads out of the base URL, or ends the path. */
const PLAIN_PATH = /^[\w.~%!$&'()*+,;=@/-]*$/;

type AllowedUrl =
  | { readonly kind: 'allowed'; readonly href: string }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * The base URL with a slash at its end, so that paths are resolved below it.
 *
 * @throws when it is plain http or in a private network and that was not allowed
 */
export const baseOf = ({
  name,
  baseUrl,
  allowPrivateHosts,
}: Pick<SystemContract, 'name' | 'baseUrl' | 'allowPrivateHosts'>): URL => {
  const base = new URL(baseUrl);
  if (!allowPrivateHosts && isPrivateHost(base.hostname)) {
    throw new Error(
      `Cannot call system "${name}": "${base.hostname}" is in a private network; set allowPrivateHosts: true when this is meant`,
    );
  }
  if (!allowPrivateHosts && base.protocol !== 'https:') {
    throw new Error(`Cannot call system "${name}": "${base.protocol}//" would send credentials in clear; use https`);
  }
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
};

/** Builds the URL of a request and keeps it on the host of the base URL: credentials go nowhere else. */
export const allowedUrl = (base: URL, { to, query }: Pick<HttpRequest, 'to' | 'query'>): AllowedUrl => {
  const target = 'url' in to ? to.url : to.path.replace(/^\/+/, '');
  const more = (query ?? []).map(([key, value]) => `${encode(key)}=${encode(value)}`).join('&');
  // Most requests: what parsing would find out is known, and fetch parses the address anyway.
  if ('path' in to && PLAIN_PATH.test(target)) {
    return notTooLong(more === '' ? `${base.href}${target}` : `${base.href}${target}?${more}`);
  }
  const url = URL.parse(target, base.href);
  if (url === null) return { kind: 'refused', reason: 'the system gave an address that is no URL' };
  if (url.origin !== base.origin || url.username !== '' || url.password !== '') {
    return { kind: 'refused', reason: `the address leads to host "${url.host}", and only "${base.host}" is called` };
  }
  if (more !== '') url.search = url.search === '' ? more : `${url.search}&${more}`;
  return notTooLong(url.href);
};

const notTooLong = (href: string): AllowedUrl =>
  href.length > URL_CHARS_MAX
    ? { kind: 'refused', reason: `the address has ${href.length} characters; at most ${URL_CHARS_MAX} are sent` }
    : { kind: 'allowed', href };

/**
 * A record value as one segment of a path.
 *
 * @returns undefined for what no segment can hold: nothing, a dot segment, which URLs resolve away, or broken Unicode
 */
export const pathSegment = (value: string): string | undefined =>
  value === '' || value === '.' || value === '..' || !value.isWellFormed() ? undefined : encodeURIComponent(value);

// A space becomes %20: some servers read a plus sign in a query as a plus sign.
const encode = (text: string): string => encodeURIComponent(text.toWellFormed());
