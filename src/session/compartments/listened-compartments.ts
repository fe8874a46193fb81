/**
 * The compartments of one server, as those see them who listen to it (2026-07-28, Subscriptions): what the server notifies
 * of, whom a change concerns, and which compartment watches resources.
 *
 * A changed list concerns everybody with affinity `request`, where no compartment has anything of its own; with affinity
 * `principal`, or if the program is started for a principal, only the principal in whose compartment it has changed; with
 * affinity `handle` nobody, because no list is asked of a handle's compartment. A changed resource concerns the principal for whose compartment the server says so. What the
 * server of a session announces is the session's own, and concerns nobody else.
 */
import type { AnswerSlot, CachedAnswers } from '../../servers/cached-answers.js';
import type { DeclaredNotifications } from '../../shared/declared-notifications.js';
import { LIST_KINDS, type ListKind } from '../../shared/list-methods.js';
import type { SessionContext } from '../../shared/session-context.js';
import { DISCOVER } from '../../shared/stateless.js';
import type { Announcements, Listeners } from '../announcements.js';
import { changedLists } from '../cached-responses.js';
import type { SessionManager } from '../session-manager.js';
import type { Caller } from './compartment.js';
import type { Compartments } from './compartments.js';
import { askCompartment } from './inner-request.js';
import { keyOf } from './request-compartments.js';
import { ResourceWatch } from './resource-watch.js';

/** For the server's answer to a request of the gateway. */
const ANSWER_DEADLINE_MS = 10_000;
const RESOURCE = 'resource:';

export class ListenedCompartments implements Announcements {
  /** Those who listen. */
  listeners: Listeners | undefined;
  readonly #sessions: SessionManager;
  readonly #compartments: Compartments;
  /** By caller. */
  readonly #watches = new Map<string, ResourceWatch>();
  #declared: DeclaredNotifications | undefined;
  /** What clients have been given, as far as is known. */
  #given: CachedAnswers | undefined;

  constructor(sessions: SessionManager, compartments: Compartments) {
    this.#sessions = sessions;
    this.#compartments = compartments;
  }

  get serverInfo(): unknown {
    return this.#sessions.stateless.serverInfo;
  }

  /** What the server notifies of. Rejects if it has to be asked, and does not answer. */
  declared(caller: Caller): DeclaredNotifications | Promise<DeclaredNotifications> {
    const { known } = this.#sessions.stateless;
    this.#given ??= known;
    return known?.declared ?? this.#declared ?? this.#askDeclared(caller);
  }

  /** Makes the server tell of changes of these resources, and returns those of which it does. */
  watch(uris: ReadonlySet<string>, caller: Caller): Promise<ReadonlySet<string>> {
    const key = keyOf(caller);
    let watch = this.#watches.get(key);
    if (watch === undefined) {
      watch = new ResourceWatch(this.#sessions, this.#compartments, caller, {
        mayHaveChanged: (uri) => this.listeners?.resourceUpdated(uri, caller.principal),
        onEmpty: () => this.#watches.delete(key),
      });
      this.#watches.set(key, watch);
    }
    return watch.resources.watch(uris);
  }

  unwatch(uris: ReadonlySet<string>, caller: Caller): void {
    this.#watches.get(keyOf(caller))?.resources.unwatch(uris);
  }

  onDeclared(declared: DeclaredNotifications): void {
    this.#declared = declared;
  }

  onChanged({ affinity, principal }: SessionContext, topic: string): void {
    if (topic.startsWith(RESOURCE))
      return this.listeners?.resourceUpdated(topic.slice(RESOURCE.length), principal);
    const kind = LIST_KINDS.find((one) => one === topic);
    // A module's code can post anything.
    if (kind === 'tools') this.#sessions.headerParams.changed();
    if (kind === undefined || affinity === 'handle') return;
    const isOwn = affinity === 'principal' || this.#sessions.options.personal !== undefined;
    if (isOwn) return this.listeners?.listChanged(kind, principal);
    this.#sessions.stateless.listChanged(kind);
    this.listeners?.listChanged(kind);
  }

  onReplaced(slot: AnswerSlot): void {
    const { known } = this.#sessions.stateless;
    const given = this.#given;
    if (known === undefined || slot.current !== known) return;
    this.#given = known;
    const changed = given === undefined ? LIST_KINDS : changedLists(given, known);
    for (const kind of changed) this.listeners?.listChanged(kind);
  }

  onRenewed(changed: readonly ListKind[]): void {
    this.#declared = undefined;
    this.#given = this.#sessions.stateless.known;
    // They would wait in vain: the server has only sessions now, and a client that asks again is told so.
    if (!this.#compartments.served) return void this.listeners?.dismiss();
    for (const kind of changed) this.listeners?.listChanged(kind);
  }

  onWorkerGone(sessionId: string): void {
    for (const watch of this.#watches.values())
      if (watch.sessionId === sessionId) watch.resources.onWorkerGone();
  }

  async close(): Promise<void> {
    this.#compartments.close();
    await this.listeners?.end();
    for (const { resources } of this.#watches.values()) resources.close();
  }

  async #askDeclared(caller: Caller): Promise<DeclaredNotifications> {
    const compartment = this.#compartments.take(caller);
    if ('reason' in compartment) throw new Error(compartment.message);
    const request = { key: this.#sessions.newRequestKey(), method: DISCOVER, params: {} };
    await askCompartment(compartment, request, true, ANSWER_DEADLINE_MS);
    // A worker says it before it answers anything.
    const declared = this.#sessions.stateless.known?.declared ?? this.#declared;
    if (declared === undefined)
      throw new Error('The server could not be asked what it notifies of. Listen again in a moment.');
    return declared;
  }
}
