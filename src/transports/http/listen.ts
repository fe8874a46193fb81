import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BulkheadError, messageOf } from '../../shared/errors.js';

/**
 * Starts a server.
 * @param option the option that contains the port, for the message
 * @throws {BulkheadError} `ERR_BULKHEAD_LISTEN` if the address is not available
 */
export function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  option: { readonly host: string; readonly port: string },
): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void =>
      reject(new BulkheadError('ERR_BULKHEAD_LISTEN', failure(host, port, option, error), { cause: error }));
    server.once('error', onError);
    server.listen({ host, port }, () => {
      server.removeListener('error', onError);
      // A TCP server's address is always an AddressInfo.
      resolve(server.address() as AddressInfo);
    });
  });
}

function failure(
  host: string,
  port: number,
  option: { readonly host: string; readonly port: string },
  error: NodeJS.ErrnoException,
): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `${option.port} ${port} on ${host} is in use: stop what listens there, or choose another with --${option.port}.`;
    case 'EACCES':
      return `${option.port} ${port} on ${host} may not be used by this user: choose one above 1023 with --${option.port}.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${option.host} ${host} is no address of this machine: choose another with --${option.host}.`;
    default:
      return `Can't listen on ${option.host} ${host} and ${option.port} ${port}: ${messageOf(error)}.`;
  }
}
