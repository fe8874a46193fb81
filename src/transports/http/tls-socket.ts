import type { Socket } from 'node:net';

/**
 * The connection that carries TLS, or the socket itself where there is none. Node names it so since its first version with
 * `TLSSocket`; without it, such a socket could not be reset.
 */
export function socketBelow(socket: Socket): Socket {
  const { _parent: below } = socket as Socket & { readonly _parent?: Socket | null };
  return below ?? socket;
}
