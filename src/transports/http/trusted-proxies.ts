/**
 * Clients behind trusted proxies. A proxy appends the address from which a request has reached it to `X-Forwarded-For`;
 * what is left of that was written by somebody else. So the header is read from its right end, as far as trusted proxies
 * have written it, and only if a trusted proxy has sent the request.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';

/** More proxies in a row than anybody has. */
const MAX_HOPS = 16;
/** The right end of the header: an address with a port has at most 54 characters. */
const MAX_CHARS = MAX_HOPS * 64;

/** Of requests that trusted proxies have passed on. */
const addresses = new WeakMap<IncomingMessage, string>();

/** The address of the client that makes the request: behind trusted proxies, what they say of it. */
export function clientAddressOf(request: IncomingMessage): string | undefined {
  return addresses.get(request) ?? request.socket.remoteAddress;
}

export class TrustedProxies {
  readonly #trusted = new BlockList();
  /** By connection: whether its peer is a trusted proxy. */
  readonly #peers = new WeakMap<Socket, boolean>();

  #onUnencrypted: (() => void) | undefined;

  /**
   * @param ranges addresses, or ranges such as `10.0.0.0/8`
   * @param onUnencrypted a trusted proxy has said that a client reached it over plain HTTP; called once
   */
  constructor(ranges: readonly string[], onUnencrypted?: () => void) {
    this.#onUnencrypted = onUnencrypted;
    for (const range of ranges) {
      const [address = '', prefix] = range.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(prefix), family);
    }
  }

  /** Finds out who makes the request, for `clientAddressOf`. Called once for each; whatever a client sends, it throws nothing. */
  note(request: IncomingMessage): void {
    const written = request.headers['x-forwarded-for'];
    const protocol = request.headers['x-forwarded-proto'];
    if ((written === undefined && protocol === undefined) || !this.#isFromProxy(request.socket)) return;
    if (this.#onUnencrypted !== undefined && isPlainHttp(protocol)) {
      const tell = this.#onUnencrypted;
      this.#onUnencrypted = undefined;
      tell();
    }
    if (written === undefined) return;
    const address = this.clientIn(Array.isArray(written) ? written.join(',') : written);
    if (address !== undefined) addresses.set(request, address);
  }

  /**
   * The right-most address that is no trusted proxy; or the left-most one, if all are. An entry that is no address ends the
   * search: who comes before it is not known.
   */
  clientIn(forwardedFor: string): string | undefined {
    let found: string | undefined;
    const entries = forwardedFor.slice(-MAX_CHARS).split(',').slice(-MAX_HOPS);
    // The first may have been cut.
    if (forwardedFor.length > MAX_CHARS) entries.shift();
    for (const entry of entries.reverse()) {
      const address = addressIn(entry);
      if (address === undefined) return found;
      found = address;
      if (!this.#isTrusted(address)) return found;
    }
    return found;
  }

  #isFromProxy(socket: Socket): boolean {
    let trusted = this.#peers.get(socket);
    if (trusted === undefined) {
      trusted = this.#isTrusted(addressIn(socket.remoteAddress ?? ''));
      this.#peers.set(socket, trusted);
    }
    return trusted;
  }

  #isTrusted(address: string | undefined): boolean {
    return address !== undefined && this.#trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
}

/** As the proxy next to the gateway says it; several are written like addresses. */
function isPlainHttp(protocol: string | readonly string[] | undefined): boolean {
  return typeof protocol === 'string' && /(?:^|,)\s*http\s*$/i.test(protocol.slice(-MAX_CHARS));
}

const PORT = /^:\d{1,5}$/;

/** Without a port, which some proxies add, and without the zone of a link-local address; IPv4 as IPv4. */
function addressIn(entry: string): string | undefined {
  const trimmed = entry.trim();
  const written =
    trimmed.length > 1 && trimmed.startsWith('"') && trimmed.endsWith('"') ? trimmed.slice(1, -1) : trimmed;
  const [host = ''] = hostIn(written).toLowerCase().split('%');
  const mapped = host.startsWith('::ffff:') ? host.slice('::ffff:'.length) : '';
  const address = isIP(mapped) === 4 ? mapped : host;
  return isIP(address) === 0 ? undefined : address;
}

/** `192.0.2.1:80` and `[2001:db8::1]:80` without their ports; empty if it is neither these nor an address alone. */
function hostIn(written: string): string {
  if (written.startsWith('[')) {
    const end = written.indexOf(']');
    const port = written.slice(end + 1);
    return end > 0 && (port === '' || PORT.test(port)) ? written.slice(1, end) : '';
  }
  const colon = written.indexOf(':');
  // More than one belongs to IPv6.
  if (colon === -1 || colon !== written.lastIndexOf(':')) return written;
  return PORT.test(written.slice(colon)) ? written.slice(0, colon) : '';
}
