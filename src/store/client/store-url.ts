import { isPrivateHost } from '../../core/contract/private-host.ts';
import { StoreError } from '../../core/protocol/store-error.ts';

const refuse = (message: string): never => {
  throw new StoreError('invalid_request', message);
};

/**
 * Reads the URL of a store. It may have a path, for a store behind a proxy.
 *
 * Plain http would show the API key to everyone on the way, so it is taken only where the way is private: loopback,
 * private addresses, and names that no public host has, such as `store` or `store.internal`.
 *
 * @returns the base that paths are added to, without a slash at its end
 * @throws StoreError `invalid_request` that says what to change
 */
export const parseStoreUrl = (text: string): URL => {
  const url = URL.canParse(text)
    ? new URL(text)
    : refuse('The store URL is not a URL: write it as https://store.example.com');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return refuse(`The store URL begins with "${url.protocol}": use https`);
  }
  if (url.protocol === 'http:' && !isPrivateHost(url.hostname)) {
    return refuse(`The store URL would send the API key to ${url.host} unencrypted: use https`);
  }
  if (url.username !== '' || url.password !== '') {
    return refuse('The store URL holds a user name or password: give the API key instead');
  }
  if (url.search !== '' || url.hash !== '') {
    return refuse(`The store URL ends in a query or a fragment: leave out what follows ${url.origin}${url.pathname}`);
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
};
