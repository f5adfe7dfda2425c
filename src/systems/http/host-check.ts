import { isPrivateAddress, isPrivateHost } from '../../core/contract/private-host.ts';

/** All addresses of a host name. Rejects as Node's own look-up does: with a code, and `syscall` getaddrinfo. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** True when a host, as a URL has it, is or resolves to a private address. Rejects where the name cannot be resolved. */
export type HostCheck = (hostname: string) => Promise<boolean>;

export const KNOWN_FOR_MS = 30_000;
const ADDRESS = /^\[|^\d+(?:\.\d+){3}$/;

type Known = { readonly endsAtMs: number; readonly isPrivate: Promise<boolean> };

/**
 * Looks up where a host name leads before anything is sent there, once in 30 s.
 *
 * `fetch` resolves the name again by itself, so a name that changes its address between the two is not seen. Requests
 * are https then, and such an address would have to show a certificate for the name.
 */
export const createHostCheck = (lookup: Lookup, now: () => number): HostCheck => {
  const known = new Map<string, Known>();

  const isPrivateName = async (hostname: string): Promise<boolean> => {
    try {
      const addresses = await lookup(hostname);
      // One is enough: any of them may be the one that is called.
      return addresses.some(isPrivateAddress);
    } catch (error) {
      known.delete(hostname);
      throw error;
    }
  };

  return (hostname) => {
    if (ADDRESS.test(hostname)) return Promise.resolve(isPrivateHost(hostname));
    const found = known.get(hostname);
    if (found !== undefined && now() < found.endsAtMs) return found.isPrivate;
    const isPrivate = isPrivateName(hostname);
    known.set(hostname, { endsAtMs: now() + KNOWN_FOR_MS, isPrivate });
    return isPrivate;
  };
};
