/**
 * Which compartment serves a request of the stateless era. Protocol and transport say nothing that could be used for
 * that, so the server says what its state belongs to: its `affinity`.
 */
import type { OutboxSource } from '../../delivery/outbox.js';
import type { ClientRequest } from '../../protocol/client-message.js';
import type { Rejection } from '../../protocol/rejection.js';
import { COMPARTMENT_PARAMS } from '../../shared/compartment.js';
import type { Affinity } from '../../shared/session-context.js';
import { STATELESS_VERSION } from '../../shared/stateless-protocol.js';
import type { Session } from '../session.js';
import type { SessionManager } from '../session-manager.js';
import type { Caller, CompartmentOwner } from './compartment.js';
import { HandleCompartments, type HandleRejection } from './handle-compartments.js';
import { PrincipalCompartments } from './principal-compartments.js';
import { ownerKeyOf, RequestCompartments } from './request-compartments.js';
import type { CompartmentRequest } from './request-line.js';

/** The principal of all that have not said who they are: they have nothing in common. */
const ANONYMOUS = 'anonymous';
/** The part of `max-sessions` that one principal may open by handles, and how many in any case. */
const HANDLES_SHARE = 1 / 4;
const MIN_HANDLES = 8;

export class Compartments {
  readonly #sessions: SessionManager;
  readonly #outboxes: OutboxSource;
  readonly #ofRequests: RequestCompartments<Session>;
  readonly #ofPrincipals: PrincipalCompartments<Session>;
  #ofHandles: HandleCompartments<Session> | undefined;
  /** How many handles each principal has open, of all versions of the server. */
  readonly #handles = new Map<string, number>();

  constructor(sessions: SessionManager, outboxes: OutboxSource) {
    this.#sessions = sessions;
    this.#outboxes = outboxes;
    const opening = (affinity: Affinity) => (caller: Caller, owner: CompartmentOwner) =>
      this.#open(affinity, caller, owner);
    this.#ofRequests = new RequestCompartments({
      reuse: () => sessions.options.reuse,
      room: () => sessions.room,
      isFull: (caller) => sessions.use?.isFull(caller) === true,
      yields: (caller) => sessions.yields(caller),
      byAddress: sessions.use?.byAddress === true,
      rejection: () => sessions.rejection(),
      open: opening('request'),
    });
    this.#ofPrincipals = new PrincipalCompartments(opening('principal'));
  }

  /** Only where the server's affinity is `handle`. Another version of it may have another one. */
  get ofHandles(): HandleCompartments<Session> | undefined {
    const sessions = this.#sessions;
    const { handleTools: tools } = sessions.options;
    if (tools === undefined) return undefined;
    if (this.#ofHandles?.tools !== tools) {
      this.#ofHandles = new HandleCompartments({
        tools,
        opened: this.#handles,
        rejection: (caller, opened) => this.#handleRejection(caller, opened),
        open: (caller, owner) => this.#open('handle', caller, owner),
        find: (handle, principal) => sessions.find(handle, principal, 'handle'),
      });
    }
    return this.#ofHandles;
  }

  /** Whether the server is served in the stateless era. */
  get served(): boolean {
    return this.#sessions.options.affinity !== 'session';
  }

  /** How many requests wait for a compartment. */
  get waiting(): number {
    return this.#ofRequests.waiting;
  }

  /** The gateway stops, and its calls in flight have finished. */
  close(): void {
    this.#ofRequests.close();
  }

  /** Gives a request without a handle its compartment: at once, or when one is free. */
  serve(request: CompartmentRequest<Session>): void {
    const sessions = this.#sessions;
    if (!sessions.draining && !this.#belongsToPrincipal(request.caller))
      return this.#ofRequests.serve(request);
    const compartment = this.take(request.caller);
    if ('reason' in compartment) request.refuse(compartment);
    else request.begin(compartment, 0);
  }

  /** A compartment for the caller; why there is none, if the gateway takes no more. */
  take(caller: Caller): Session | Rejection<'draining' | 'session_limit'> {
    const sessions = this.#sessions;
    const belongsToPrincipal = this.#belongsToPrincipal(caller);
    const present = sessions.draining
      ? undefined
      : belongsToPrincipal
        ? this.#ofPrincipals.get(caller.principal)
        : this.#ofRequests.takeIdle(caller);
    if (present !== undefined) return present;
    const compartments = belongsToPrincipal ? this.#ofPrincipals : this.#ofRequests;
    return sessions.rejection() ?? compartments.open(caller);
  }

  /**
   * Who else may meet the compartment of this caller: as text, the same for the same.
   * @param byHandle whether a handle names the compartment
   */
  sharedBy(caller: Caller, byHandle: boolean): string {
    return byHandle || this.#belongsToPrincipal(caller) ? caller.principal : ownerKeyOf(caller);
  }

  /**
   * A compartment that watches resources for the caller: that of its principal if it has one, otherwise one that serves no
   * requests. `undefined` if the gateway takes no more, or keeps as many workers for that as it should.
   */
  watching(caller: Caller, owner: CompartmentOwner): { session: Session; own: boolean } | undefined {
    if (!this.#sessions.mayKeep) return undefined;
    if (this.#belongsToPrincipal(caller)) {
      const session = this.take(caller);
      return 'reason' in session ? undefined : { session, own: false };
    }
    if (this.#sessions.rejection() !== undefined) return undefined;
    return { session: this.#open('request', caller, owner), own: true };
  }

  /** Whether the compartment of this principal has lists that are not those of others. */
  hasOwnLists(principal: string): boolean {
    return this.#ofPrincipals.get(principal)?.listsChanged === true;
  }

  #handleRejection(caller: Caller, opened: number): HandleRejection | undefined {
    const sessions = this.#sessions;
    const rejection = sessions.rejectionOf(caller);
    if (rejection !== undefined) return rejection;
    const most = Math.max(MIN_HANDLES, Math.floor(sessions.maxSessions * HANDLES_SHARE));
    // Those without credentials may be many people: for them there is only the limit of the gateway.
    if (caller.principal === ANONYMOUS || opened < most) return undefined;
    const close = sessions.options.handleTools?.close;
    return {
      reason: 'principal_session_limit',
      message: `You have ${opened} open sessions of this server, and more are not allowed. Close one with ${close}.`,
    };
  }

  #belongsToPrincipal({ principal }: Caller): boolean {
    return this.#sessions.options.affinity === 'principal' && principal !== ANONYMOUS;
  }

  #open(affinity: Affinity, caller: Caller, owner: CompartmentOwner): Session {
    const session = this.#sessions.open(
      {
        ...caller,
        // The next one that it serves may be somebody else.
        ...(affinity === 'request' &&
          this.#sessions.use === undefined &&
          caller.principal === ANONYMOUS && { userAgent: undefined, remoteAddress: undefined }),
        era: 'stateless',
        affinity,
        transport: 'streamable-http',
        client: { name: '', version: '' },
        protocolVersion: STATELESS_VERSION,
      },
      this.#outboxes,
    );
    session.adopt(OPENING, owner);
    return session;
  }
}

/** The gateway's own `initialize`. */
const OPENING: ClientRequest = {
  kind: 'request',
  id: 'bulkhead-initialize',
  replyId: 'bulkhead-initialize',
  method: 'initialize',
  tool: undefined,
  fastPath: false,
  stateless: false,
  progressToken: undefined,
  params: COMPARTMENT_PARAMS,
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 'bulkhead-initialize',
    method: 'initialize',
    params: COMPARTMENT_PARAMS,
  }),
};
