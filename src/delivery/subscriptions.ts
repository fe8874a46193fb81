/**
 * The subscriptions to one server: who listens to it in the stateless era, and what each of them is told. They are kept
 * by the main thread and hold no worker. Only subscriptions to resources make a worker of the server stay (`watch`).
 *
 * Changes are sent together, at most once in a tenth of a second, so that a server that announces changes all the time
 * does not keep the main thread busy with telling everybody.
 */
import { type Rejection, rejectionResponse } from '../protocol/rejection.js';
import { readFilter } from '../protocol/subscription-filter.js';
import type { DeclaredNotifications } from '../shared/declared-notifications.js';
import { messageOf } from '../shared/errors.js';
import type { ListKind } from '../shared/list-methods.js';
import type { RequestId } from '../shared/request-id.js';
import { STATELESS_CODE } from '../shared/stateless-protocol.js';
import { inTurns } from '../shared/turns.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import type { RejectionReason } from '../telemetry/rejection-reason.js';
import { resourcesOf } from './resource-uris.js';
import type { StreamConnection } from './stream-connection.js';
import type { StreamTotals } from './stream-totals.js';
import { type ListeningClient, Subscription, type SubscriptionOwner } from './subscription.js';

/** Open subscriptions to all servers together. */
export const MAX_SUBSCRIPTIONS = 1_024;
/** Of one principal to one server. A client needs one, and opens another when it has lost it. */
export const MAX_SUBSCRIPTIONS_OF_PRINCIPAL = 16;
/** Clients without credentials may be many people: for them there is only the limit of the gateway. */
const ANONYMOUS = 'anonymous';
/** How long changes wait after others were sent. */
const PAUSE_MS = 100;
/** Subscriptions that are written to in one turn of the event loop. */
const SUBSCRIPTIONS_PER_TURN = 250;

/** The server that is listened to. */
export interface ListenedServer {
  /** What it calls itself; `undefined` as long as it has not been asked. */
  readonly serverInfo: unknown;
  /** What it says it notifies of. A promise if the server has to be asked, which rejects if it does not answer. */
  declared(client: ListeningClient): DeclaredNotifications | Promise<DeclaredNotifications>;
  /**
   * Makes the server tell of changes of these resources, and returns those of which it does; it never rejects. Each call
   * is followed by one of `unwatch` with what it returned.
   */
  watch(uris: ReadonlySet<string>, client: ListeningClient): Promise<ReadonlySet<string>>;
  unwatch(uris: ReadonlySet<string>, client: ListeningClient): void;
}

/** What the subscriptions to all servers share. */
export interface SharedBySubscriptions {
  readonly totals: StreamTotals;
  readonly events: GatewayEmitter;
}

/** A `subscriptions/listen` request. */
export interface ListenRequest {
  readonly id: RequestId;
  readonly params: unknown;
}

export class Subscriptions implements SubscriptionOwner {
  readonly #server: ListenedServer;
  readonly #shared: SharedBySubscriptions;
  readonly #open = new Set<Subscription>();
  readonly #countOf = new Map<string, number>();
  /** By the URIs of resources that they may be notified of. */
  readonly #byUri = new Map<string, Set<Subscription>>();
  /** Changes of lists that everybody concerned has been noted for since the last sending. */
  readonly #noted = new Set<string>();
  /** Those that have something to send. */
  #changed = new Set<Subscription>();
  #pause: NodeJS.Timeout | undefined;
  #sending = false;
  #ended = false;

  constructor(server: ListenedServer, shared: SharedBySubscriptions) {
    this.#server = server;
    this.#shared = shared;
  }

  get size(): number {
    return this.#open.size;
  }

  get serverInfo(): unknown {
    return this.#server.serverInfo;
  }

  /** A client listens. The connection gets the stream, or a JSON-RPC error that says what to do. */
  listen(request: ListenRequest, client: ListeningClient, connection: StreamConnection): void {
    const filter = readFilter(request.params);
    if ('reason' in filter) return this.#reject(filter, request, client, connection);
    const rejection = this.#rejection(client.principal);
    if (rejection !== undefined) return this.#reject(rejection, request, client, connection);
    const subscription = new Subscription(this, { id: request.id, filter, client }, connection);
    this.#add(subscription);
    void this.#begin(subscription);
  }

  /**
   * A list of the server has changed.
   * @param principal whose list it is; left out: everybody's
   */
  listChanged(kind: ListKind, principal?: string): void {
    const change = `${kind} ${principal ?? ''}`;
    if (this.#noted.has(change)) return;
    this.#noted.add(change);
    for (const subscription of this.#open)
      if (concerns(subscription, principal) && subscription.listChanged(kind))
        this.#changed.add(subscription);
    this.#sendSoon();
  }

  /**
   * The server says that a resource has changed.
   * @param principal whom it says it to; left out: everybody
   */
  resourceUpdated(uri: string, principal?: string): void {
    if (this.#byUri.size === 0) return;
    for (const subscribed of resourcesOf(uri)) {
      for (const subscription of this.#byUri.get(subscribed) ?? []) {
        if (!concerns(subscription, principal)) continue;
        subscription.resourceUpdated(subscribed, uri);
        this.#changed.add(subscription);
      }
    }
    this.#sendSoon();
  }

  /** Ends all streams with their results, and opens no more. Resolves when all results are written. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#pause);
    await this.dismiss();
  }

  /** Ends all streams with their results. */
  async dismiss(): Promise<void> {
    await inTurns([...this.#open], SUBSCRIPTIONS_PER_TURN, (subscription) => {
      subscription.complete();
      this.#remove(subscription);
    });
  }

  onClosed(subscription: Subscription): void {
    this.#remove(subscription);
  }

  /** Acknowledges what the server supports. */
  async #begin(subscription: Subscription): Promise<void> {
    const { requested, client } = subscription;
    let declared: DeclaredNotifications;
    try {
      const known = this.#server.declared(client);
      // What is known already costs no turn of the event loop.
      declared = known instanceof Promise ? await known : known;
    } catch (error) {
      subscription.fail(STATELESS_CODE.gateway, messageOf(error));
      return this.#remove(subscription);
    }
    const lists = new Set([...requested.lists].filter((kind) => declared[kind]));
    let resources: ReadonlySet<string> = new Set();
    if (declared.subscribe && requested.resources.size > 0 && !subscription.ended) {
      resources = await this.#server.watch(requested.resources, client);
      if (subscription.ended) return this.#server.unwatch(resources, client);
    }
    for (const uri of requested.resources) if (!resources.has(uri)) this.#forget(uri, subscription);
    subscription.acknowledge({ lists, resources });
  }

  #rejection(principal: string): Rejection<RejectionReason> | undefined {
    if (this.#ended)
      return { reason: 'draining', message: 'The server is shutting down. Listen again in a moment.' };
    if (this.#shared.totals.streams.listen >= MAX_SUBSCRIPTIONS) {
      return {
        reason: 'subscription_limit',
        message: `The server is at its limit of ${MAX_SUBSCRIPTIONS} open subscriptions. Listen again later; everything else works without.`,
      };
    }
    const count = principal === ANONYMOUS ? 0 : (this.#countOf.get(principal) ?? 0);
    if (count < MAX_SUBSCRIPTIONS_OF_PRINCIPAL) return undefined;
    return {
      reason: 'principal_subscription_limit',
      message: `You have ${count} open subscriptions to this server, and more are not allowed. Close one, or ask for all notifications in one subscriptions/listen.`,
    };
  }

  #reject(
    rejection: Rejection<RejectionReason>,
    { id }: ListenRequest,
    { remoteAddress }: ListeningClient,
    connection: StreamConnection,
  ): void {
    const { reason } = rejection;
    this.#shared.events.emit('rejected', { reason, status: 200, sessionId: undefined, remoteAddress });
    connection.answer(rejectionResponse({ code: STATELESS_CODE.gateway, ...rejection, id }));
  }

  #add(subscription: Subscription): void {
    const { requested, client } = subscription;
    const { principal } = client;
    this.#open.add(subscription);
    this.#shared.totals.streams.listen += 1;
    this.#countOf.set(principal, (this.#countOf.get(principal) ?? 0) + 1);
    // What changes from now on concerns one more.
    this.#noted.clear();
    for (const uri of requested.resources) {
      const listeners = this.#byUri.get(uri) ?? new Set();
      this.#byUri.set(uri, listeners.add(subscription));
    }
  }

  #remove(subscription: Subscription): void {
    if (!this.#open.delete(subscription)) return;
    const { requested, acknowledged, client } = subscription;
    const { principal } = client;
    this.#shared.totals.streams.listen -= 1;
    const left = (this.#countOf.get(principal) ?? 1) - 1;
    if (left === 0) this.#countOf.delete(principal);
    else this.#countOf.set(principal, left);
    this.#changed.delete(subscription);
    for (const uri of requested.resources) this.#forget(uri, subscription);
    const watched = acknowledged?.resources;
    if (watched !== undefined && watched.size > 0) this.#server.unwatch(watched, client);
  }

  #forget(uri: string, subscription: Subscription): void {
    const listeners = this.#byUri.get(uri);
    listeners?.delete(subscription);
    if (listeners?.size === 0) this.#byUri.delete(uri);
  }

  /** In the next turn of the event loop, or at the end of the pause. */
  #sendSoon(): void {
    if (this.#changed.size === 0) return this.#noted.clear();
    if (this.#sending || this.#pause !== undefined || this.#ended) return;
    this.#sending = true;
    setImmediate(() => void this.#send());
  }

  async #send(): Promise<void> {
    const changed = this.#changed;
    this.#changed = new Set();
    this.#noted.clear();
    await inTurns(changed, SUBSCRIPTIONS_PER_TURN, (subscription) => subscription.flush());
    this.#sending = false;
    if (this.#ended) return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#sendSoon();
    }, PAUSE_MS).unref();
  }
}

function concerns(subscription: Subscription, principal: string | undefined): boolean {
  return principal === undefined || subscription.client.principal === principal;
}
