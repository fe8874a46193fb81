/** Events of a gateway, to which embedding programs subscribe. */
import type { GatewayEvents } from '../../src/telemetry/events.js';
import { expectPinned, inSources } from './pinned.js';

/**
 * The compiler requires each event and each of its fields, and refuses others. The same rules apply as for
 * `expectPinned`.
 */
const EVENTS = {
  'call-unparked': { context: true, key: true, method: true, tool: true, outcome: true },
  'children-killed': { processes: true },
  'code-cache-rejected': { cache: true },
  'connection-dropped': { listener: true, reason: true, remoteAddress: true, detail: true },
  descriptors: { state: true, open: true, limit: true },
  'events-dropped': { context: true, events: true },
  'handler-stopped': { context: true, requestId: true, operation: true, afterMs: true },
  'leftovers-ended': { processes: true, folders: true },
  'libuv-pool-probed': { waitMs: true },
  'lists-learned': { server: true, outcome: true },
  'lines-skipped': { context: true, lines: true },
  'logger-failed': { message: true },
  'module-log': { context: true, key: true, source: true, level: true, message: true, fields: true },
  'module-log-dropped': { context: true, lines: true },
  notice: { level: true, message: true, fields: true },
  'quota-refused': { quota: true, principal: true, remoteAddress: true, unreported: true },
  rejected: { reason: true, status: true, sessionId: true, remoteAddress: true, request: true, detail: true },
  'request-cancelled': { context: true, key: true, method: true, tool: true, reason: true },
  'request-finished': {
    context: true,
    key: true,
    method: true,
    tool: true,
    durationMs: true,
    failure: true,
    reason: true,
    message: true,
    stack: true,
  },
  'request-started': { context: true, key: true, method: true, tool: true },
  'response-unmatched': { context: true },
  'session-ended': { context: true, reason: true, durationMs: true, requests: true },
  'session-sleeps': { context: true, reason: true },
  'session-started': { context: true },
  'session-stayed-awake': { context: true },
  'server-reloaded': {
    server: true,
    result: true,
    version: true,
    cause: true,
    changed: true,
    durationMs: true,
    error: true,
    where: true,
  },
  'session-woke': { context: true, wakeMs: true },
  'stream-closed': { kind: true, stalled: true },
  'stream-opened': { kind: true },
  'stream-resumed': { kind: true, replayed: true, lost: true },
  'thread-claimed': { thread: true, kind: true, waitMs: true },
  'thread-exited': {
    thread: true,
    isolation: true,
    cause: true,
    message: true,
    stack: true,
    killMs: true,
    context: true,
    requestsLost: true,
    running: true,
  },
  'audit-write-failed': { message: true },
  'request-judged': { identity: true, reason: true },
  'rule-refused': { server: true, reason: true, enforced: true },
  'thread-metrics': { thread: true, metrics: true },
  'thread-started': { thread: true, isolation: true, startMs: true, niceness: true },
  'thread-stuck': { thread: true, isolation: true, context: true, running: true },
  'tool-closed': { server: true, tool: true, principal: true, remoteAddress: true },
} satisfies { readonly [Name in keyof GatewayEvents]: Readonly<Record<keyof GatewayEvents[Name][0], true>> };

describe('The events of a gateway', () => {
  it('are these, and each is emitted', () => {
    expectPinned('Names of events', inSources(['src'], /\bemit\(\s*'([a-z-]+)'/g), Object.keys(EVENTS));
  });
});
