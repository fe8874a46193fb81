/**
 * Which addresses `http_request` may reach. The check is made where the connection is opened, on the address that is
 * really connected to: a name that resolves to something else at a second look-up gains nothing.
 */
import type { LookupFunction } from 'node:net';
import { BlockList, isIP } from 'node:net';
import type { buildConnector } from 'undici';
import { sessionLookup } from './name-lookups.js';
import { ToolError } from './tool-result.js';

/** From IANA's special-purpose registry: everything that is not a public unicast address. */
const PRIVATE_IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Unspecified, loopback, embedded IPv4, local NAT64, discard, tunnels, documentation, local, multicast. */
const PRIVATE_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

/** NAT64 (RFC 6052) carries public IPv4 on networks that only have IPv6, and would carry private IPv4 as well. */
const NAT64_PREFIX = '64:ff9b::';

export type AddressCheck = (address: string) => boolean;

/** Creates a check that says whether an IP address, with or without a zone, is a public unicast address. */
export function publicAddressCheck(): AddressCheck {
  // Two lists, because a BlockList also compares an IPv4 address with its IPv6 networks, as ::ffff:a.b.c.d.
  const ipv4 = new BlockList();
  const ipv6 = new BlockList();
  for (const [network, prefix] of PRIVATE_IPV4) {
    ipv4.addSubnet(network, prefix, 'ipv4');
    ipv6.addSubnet(`${NAT64_PREFIX}${network}`, 96 + prefix, 'ipv6');
  }
  for (const [network, prefix] of PRIVATE_IPV6) ipv6.addSubnet(network, prefix, 'ipv6');
  return (address) => {
    const [bare = ''] = address.split('%');
    const family = isIP(bare);
    if (family === 0) return false;
    return family === 4 ? !ipv4.check(bare, 'ipv4') : !ipv6.check(bare, 'ipv6');
  };
}

/** Resolves names as `dns.lookup` does, a few at a time, and refuses a name if any of its addresses fails the check. */
export function guardedLookup(isAllowed: AddressCheck): LookupFunction {
  return (hostname, options, callback) => {
    sessionLookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '');
      const addresses = Array.isArray(found) ? found : [];
      const refused = addresses.find(({ address }) => !isAllowed(address));
      if (refused) return callback(addressError(`${hostname} (${refused.address})`), '');
      if (options.all) return callback(null, addresses);
      const [first] = addresses;
      callback(first ? null : addressError(hostname), first?.address ?? '', first?.family);
    });
  };
}

/** Refuses literal addresses, for which no look-up is made, before it calls the real connector. */
export function guardedConnector(
  connect: buildConnector.connector,
  isAllowed: AddressCheck,
): buildConnector.connector {
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) === 0 || isAllowed(host)) return connect(options, callback);
    process.nextTick(() => callback(addressError(host), null));
  };
}

function addressError(host: string): ToolError {
  return new ToolError(
    `${host} is a loopback, private, link-local or otherwise not public address; use a public one, or ask the operator for --allow-private-network.`,
  );
}
