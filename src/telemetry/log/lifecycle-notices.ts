/** Log messages about the gateway's own start and end, as `notice` events. */

import type { ResolvedOptions } from '../../config/options.js';
import { VERSION } from '../../version.js';
import type { GatewayEmitter } from '../events.js';

/** @param urls of its listeners; those that it does not have are `undefined` */
export function noteStart(
  events: GatewayEmitter,
  options: ResolvedOptions,
  urls: { readonly url: URL | undefined; readonly adminUrl: URL | undefined },
): void {
  events.emit('notice', {
    level: 'info',
    message: 'gateway started',
    fields: {
      version: VERSION,
      node: process.version,
      pid: process.pid,
      ...(urls.url !== undefined && { url: urls.url.href }),
      ...(urls.adminUrl !== undefined && { adminUrl: urls.adminUrl.href }),
      ...(options.catalogue.single
        ? { serverModule: options.serverModule ?? 'built-in' }
        : { servers: options.catalogue.servers.map(({ name }) => name) }),
      limits: {
        maxSessions: options.maxSessions,
        maxThreads: options.maxThreads,
        maxRequestsPerSession: options.maxRequestsPerSession,
        maxBodyBytes: options.maxBodyBytes,
        threadHeapMb: options.threadHeapMb,
        threadMemoryMb: options.threadMemoryMb,
      },
    },
  });
}

/** @param cause what stops it: a signal's name, or the method that was called */
export function noteStop(
  events: GatewayEmitter,
  cause: string,
  open: { readonly drainMs: number; readonly requestsInFlight: number; readonly sessions: number },
): void {
  events.emit('notice', { level: 'info', message: 'gateway stops', fields: { cause, ...open } });
}
