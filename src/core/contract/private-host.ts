const PRIVATE_NAME = /^(?:localhost|[^.]+)$|\.(?:localhost|local|internal|lan|home\.arpa)$/;
const IPV4 = /^\d+(?:\.\d+){3}$/;
const PRIVATE_IPV4 =
  /^(?:0|10|127)\.|^192\.168\.|^192\.0\.0\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|^198\.1[89]\.|^(?:22[4-9]|2[3-5]\d)\./;
// Unspecified, loopback, IPv4 in IPv6 (which URLs write in hexadecimal), unique local, link-local and site-local,
// multicast, and the ways to put an IPv4 address into one of IPv6: NAT64, Teredo, 6to4.
const PRIVATE_IPV6 = /^\[(?:::1?\]|::ffff:|::[0-9a-f]{1,4}:[0-9a-f]{1,4}\]|f[cd]|fe[89a-f]|ff|64:ff9b:|2001:0?:|2002:)/;

/**
 * True for a host that is private by how it is written.
 *
 * A public name that resolves to a private address is not seen here: `isPrivateAddress` judges what it resolves to.
 *
 * @param hostname as a parsed URL has it: that has already brought `127.1`, `0x7f000001` and the like into dotted form
 * Source: IANA special-purpose address registries (RFC 6890).
 */
export const isPrivateHost = (hostname: string): boolean => {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  if (host.startsWith('[')) return PRIVATE_IPV6.test(host);
  return IPV4.test(host) ? PRIVATE_IPV4.test(host) : PRIVATE_NAME.test(host);
};

/** True for an address that is private: IPv4 in dotted form, or IPv6 without brackets. What is neither counts as private. */
export const isPrivateAddress = (address: string): boolean => {
  if (!address.includes(':')) return !IPV4.test(address) || PRIVATE_IPV4.test(address);
  const url = `https://[${address}]/`;
  // One with a zone (fe80::1%eth0) is no URL, and is link-local.
  return !URL.canParse(url) || PRIVATE_IPV6.test(new URL(url).hostname);
};
