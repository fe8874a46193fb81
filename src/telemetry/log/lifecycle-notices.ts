/** Log messages about the gateway's own start and end, as `notice` events. */

import { isLoopback } from '../../config/option-kinds.js';
import type { ResolvedOptions } from '../../config/options.js';
import { inspectorAddress } from '../../shared/debugged.js';
import { VERSION } from '../../version.js';
import type { GatewayEmitter } from '../events.js';
import type { SessionSnapshot } from '../snapshot.js';

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
      ...servedBy(options),
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

/** A single module by its address, everything else by name. */
function servedBy({ catalogue: { servers, single } }: ResolvedOptions): object {
  const [first] = servers;
  return single && first?.kind === 'module'
    ? { serverModule: first.moduleUrl ?? 'built-in' }
    : { servers: servers.map(({ name }) => name) };
}

/**
 * Warns of listeners that other machines reach without encryption, whatever they ask of their clients.
 * @param open whether the listeners are opened
 */
export function noteExposure(
  events: GatewayEmitter,
  options: ResolvedOptions,
  open: { readonly mcp: boolean; readonly admin: boolean },
): void {
  const { host, adminHost, tlsCert, adminTlsCert, trustProxy } = options;
  if (trustProxy !== undefined) return;
  const listeners = [
    { name: 'host', prefix: 'tls-', address: host, exposed: open.mcp && tlsCert === undefined },
    {
      name: 'admin-host',
      prefix: 'admin-tls-',
      address: adminHost,
      exposed: open.admin && adminTlsCert === undefined,
    },
  ];
  for (const { name, prefix, address, exposed } of listeners) {
    if (!exposed || isLoopback(address)) continue;
    events.emit('notice', {
      level: 'warn',
      message: `${name} is ${address}, which other machines reach without encryption: set ${prefix}cert and ${prefix}key, or trust-proxy to the proxy in front that has TLS`,
    });
  }
}

/** What `trust-proxy` names is expected to have TLS. */
export function noteUnencrypted(events: GatewayEmitter): void {
  events.emit('notice', {
    level: 'warn',
    message:
      'a proxy of trust-proxy says that a client reaches it without encryption (X-Forwarded-Proto: http): tokens can be read on the way',
  });
}

/** Nothing is said unless the inspector is open. */
export function noteDebugger(events: GatewayEmitter, { catalogue }: ResolvedOptions): void {
  const inspector = inspectorAddress();
  if (inspector === undefined) return;
  events.emit('notice', {
    level: 'warn',
    message:
      'the inspector is open: while it is, no thread is ended because it does not answer in time, since it may stand at a breakpoint',
    fields: { inspector },
  });
  const beyond = catalogue.servers.filter((entry) => 'isolation' in entry && entry.isolation === 'process');
  if (beyond.length === 0) return;
  events.emit('notice', {
    level: 'warn',
    message:
      'the inspector does not reach servers that run in processes; --isolation thread runs modules in threads',
    fields: { servers: beyond.map(({ name }) => name) },
  });
}

/** How many requests a line names; how many there are is in it too. */
const MAX_NAMED = 8;

interface OpenAtStop {
  /** How long requests in flight may continue. */
  readonly drainMs: number;
  readonly requestsInFlight: number;
  /** How many there are. */
  readonly sessions: number;
}

/**
 * @param cause what stops it: a signal's name, or the method that was called
 * @param sessions all of them; those with requests in flight are what the stop waits for
 */
export function noteStop(
  events: GatewayEmitter,
  cause: string,
  open: OpenAtStop,
  sessions: Iterable<SessionSnapshot>,
): void {
  const waitsFor = open.drainMs > 0 ? longestRunning(sessions, open.requestsInFlight) : [];
  const fields = { cause, ...open, ...(waitsFor.length > 0 && { waitsFor }) };
  events.emit('notice', { level: 'info', message: 'gateway stops', fields });
}

/** @param requestsCutOff requests that had not finished when their time was over */
export function noteStopped(events: GatewayEmitter, durationMs: number, requestsCutOff: number): void {
  events.emit('notice', {
    level: requestsCutOff > 0 ? 'warn' : 'info',
    message: 'gateway stopped',
    fields: { durationMs: Math.round(durationMs), requestsCutOff },
  });
}

function longestRunning(sessions: Iterable<SessionSnapshot>, requestsInFlight: number) {
  const running = [];
  if (requestsInFlight > 0) {
    for (const { context, requests } of sessions) {
      for (const { key, method, tool = method, ageMs } of requests) {
        const { sessionId, server, client } = context;
        running.push({
          tool,
          runningMs: Math.round(ageMs),
          sessionId,
          server,
          client: client.name,
          request: key,
        });
      }
      if (running.length >= requestsInFlight) break;
    }
  }
  return running.sort((a, b) => b.runningMs - a.runningMs).slice(0, MAX_NAMED);
}
