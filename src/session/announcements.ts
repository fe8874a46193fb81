/**
 * What happens in the compartments of the stateless era that belongs to no request. In the session era the client of the
 * session is told; here there is none, and those are told who listen.
 */
import type { AnswerSlot } from '../servers/cached-answers.js';
import type { DeclaredNotifications } from '../shared/declared-notifications.js';
import type { ListKind } from '../shared/list-methods.js';
import type { SessionContext } from '../shared/session-context.js';

export interface Announcements {
  /** A server has started, and has said what it notifies of. */
  onDeclared(declared: DeclaredNotifications): void;
  /**
   * @param context of the compartment
   * @param topic see `SendFrame`
   */
  onChanged(context: SessionContext, topic: string): void;
  /** Other answers are known now. */
  onReplaced(slot: AnswerSlot): void;
  /** Another version of the server has taken the place of the earlier one: which lists differ between them. */
  onRenewed(changed: readonly ListKind[]): void;
  /** A compartment has lost its worker, or has ended. */
  onWorkerGone(sessionId: string): void;
  /** The gateway stops. Resolves when those who listen have been told. */
  close(): Promise<void>;
}

/** Those who listen to a server; `delivery/subscriptions.ts` implements it. */
export interface Listeners {
  /** @param principal whose list it is; left out: everybody's */
  listChanged(kind: 'tools' | 'prompts' | 'resources', principal?: string): void;
  /** @param principal whom it concerns; left out: everybody */
  resourceUpdated(uri: string, principal?: string): void;
  /** Their streams end with their results. Those who listen again are told why they cannot, if so. */
  dismiss(): Promise<void>;
  /** The same, for good. Resolves when all of them have been told that there is nothing more to come. */
  end(): Promise<void>;
}
