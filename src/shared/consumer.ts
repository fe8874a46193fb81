/**
 * Whose use of the gateway something counts as: a principal's; for those who have not said who they are, an address's,
 * because nothing else tells them apart.
 */
import { NOBODY, type SessionContext } from './session-context.js';

export type Consumer = Pick<SessionContext, 'principal' | 'remoteAddress'>;

/** An address of IPv4 that a socket of IPv6 has. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const IPV6_GROUPS = 8;
/** Who has one address of IPv6 has at least those of a whole /64. */
const NETWORK_GROUPS = 4;

/** The same text for the same consumer. */
export function consumerOf({ principal, remoteAddress }: Consumer): string {
  // No principal's key begins with a space.
  return principal === NOBODY.subject ? ` ${networkOf(remoteAddress ?? '')}` : principal;
}

/** What of an address stays the same for one machine. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [bare = ''] = address.split('%');
  const [head = [], tail = []] = bare.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array<string>(Math.max(0, IPV6_GROUPS - head.length - tail.length)).fill('0');
  return `${[...head, ...zeros, ...tail].slice(0, NETWORK_GROUPS).join(':').toLowerCase()}::/64`;
}
