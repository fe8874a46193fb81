/**
 * What a client with a standalone stream is told when messages have been lost. The protocol has no message for that. So the
 * client is told what makes it look again: that the lists may have changed, that the resources it subscribed to may
 * have changed, and, if the server logs, a warning that says why. Only what the server has declared is sent.
 */
import type { DeclaredNotifications } from '../shared/declared-notifications.js';
import { LIST_KINDS, listChangedMethod } from '../shared/list-methods.js';
import type { Replay } from './replay.js';

/** Minimum log levels with which a client receives warnings (2025-11-25, Logging). */
const LEVELS_WITH_WARNINGS: ReadonlySet<unknown> = new Set(['debug', 'info', 'notice', 'warning']);

export const GAP_MESSAGE =
  'Messages of this stream were lost here: they were dropped from the event log, which is bounded, before they could be sent. Lists and resources may have changed.';

/** JSON-RPC notifications as text; none if the server has declared none. */
export function gapNotices(
  declared: DeclaredNotifications,
  replay: Pick<Replay, 'logLevel' | 'subscriptions'>,
): string[] {
  const notices = LIST_KINDS.filter((kind) => declared[kind]).map((kind) =>
    notification(listChangedMethod(kind)),
  );
  for (const uri of replay.subscriptions) {
    notices.push(notification('notifications/resources/updated', { uri }));
  }
  // If the client has set no level, the server may choose (2025-11-25, Logging).
  if (declared.logging && LEVELS_WITH_WARNINGS.has(replay.logLevel ?? 'warning')) {
    const params = { level: 'warning', logger: 'bulkhead', data: GAP_MESSAGE };
    notices.push(notification('notifications/message', params));
  }
  return notices;
}

export function notification(method: string, params?: object): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}
