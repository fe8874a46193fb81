/**
 * What the servers of the stateless era say that belongs to no request. In the session era it goes to the client of the
 * session; in the stateless era there is none, and those are told who listen.
 */
import type { DeclaredNotifications } from '../shared/declared-notifications.js';
import type { SessionContext } from '../shared/session-context.js';

export interface Announcements {
  /** A server has started, and has said what it notifies of. */
  declared(context: SessionContext, declared: DeclaredNotifications): void;
  /** @param topic see `SendFrame` */
  changed(context: SessionContext, topic: string): void;
}
