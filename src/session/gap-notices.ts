/**
 * What a client that listens is told where messages have been lost. The protocol has no message for that, so it is
 * told what makes it look again: that the lists may have changed, and the resources that it subscribed to; and, where
 * the server logs, a warning that says why. Nothing that the server did not declare.
 */
import type { DeclaredNotifications } from '../shared/declared-notifications.js';
import type { Replay } from './replay.js';

const LISTS = ['tools', 'prompts', 'resources'] as const;
/** Least levels of a client that wants to hear of a warning (2025-11-25, Logging). */
const LEVELS_WITH_WARNINGS: ReadonlySet<unknown> = new Set(['debug', 'info', 'notice', 'warning']);

export const GAP_MESSAGE =
  'Messages of this stream were lost here: they were dropped from the event log, which is bounded, before they could be sent. Lists and resources may have changed.';

/** JSON-RPC notifications, as text; none where the server has declared none. */
export function gapNotices(
  declared: DeclaredNotifications,
  replay: Pick<Replay, 'logLevel' | 'subscriptions'>,
): string[] {
  const notices = LISTS.filter((list) => declared[list]).map((list) =>
    notification(`notifications/${list}/list_changed`),
  );
  for (const uri of replay.subscriptions) {
    notices.push(notification('notifications/resources/updated', { uri }));
  }
  // Without a level of the client's it is the server's choice.
  if (declared.logging && LEVELS_WITH_WARNINGS.has(replay.logLevel ?? 'warning')) {
    const params = { level: 'warning', logger: 'bulkhead', data: GAP_MESSAGE };
    notices.push(notification('notifications/message', params));
  }
  return notices;
}

function notification(method: string, params?: object): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}
