/**
 * One `subscriptions/listen` request and its stream (2026-07-28, Subscriptions). Each message carries the request's id,
 * the acknowledgement is the first, and the stream ends with a result unless the client closes it. What a client that
 * does not read would have to be sent is not queued but remembered once for each list and each resource.
 */

import { EMPTY_FILTER, type SubscriptionFilter, writeFilter } from '../protocol/subscription-filter.js';
import { type ListKind, listChangedMethod } from '../shared/list-methods.js';
import type { RequestId } from '../shared/request-id.js';
import type { SessionContext } from '../shared/session-context.js';
import { META } from '../shared/stateless-protocol.js';
import type { ConnectionOwner, StreamConnection } from './stream-connection.js';

/** The hub, as a subscription sees it. */
export interface SubscriptionOwner {
  /** `serverInfo` of the server that is listened to; `undefined` if it is not known. */
  readonly serverInfo: unknown;
  /** The client is gone. */
  onClosed(subscription: Subscription): void;
}

/** Who listens, as far as it matters to the server. */
export type ListeningClient = Pick<
  SessionContext,
  'principal' | 'identity' | 'metadata' | 'userAgent' | 'remoteAddress'
>;

/** Who listens, and to what. */
export interface Listener {
  /** The id of the request. */
  readonly id: RequestId;
  /** What the client asks for. */
  readonly filter: SubscriptionFilter;
  readonly client: ListeningClient;
}

export class Subscription implements ConnectionOwner {
  readonly requested: SubscriptionFilter;
  readonly client: ListeningClient;
  readonly #owner: SubscriptionOwner;
  readonly #connection: StreamConnection;
  readonly #id: RequestId;
  #acknowledged: SubscriptionFilter | undefined;
  readonly #lists = new Set<ListKind>();
  /** By the URI that the client has subscribed to: the URI that has changed. */
  readonly #updates = new Map<string, string>();
  #blocked = false;
  #ended = false;

  constructor(owner: SubscriptionOwner, { id, filter, client }: Listener, connection: StreamConnection) {
    this.#owner = owner;
    this.#id = id;
    this.requested = filter;
    this.client = client;
    this.#connection = connection;
    connection.owner = this;
    connection.open();
  }

  /** What the client may expect; `undefined` until it has been told. */
  get acknowledged(): SubscriptionFilter | undefined {
    return this.#acknowledged;
  }

  /** Whether nothing can be sent any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Sends the first message, and then what has changed since the request.
   * @param filter the part of what was asked for that the server supports
   */
  acknowledge(filter: SubscriptionFilter): void {
    if (this.#ended) return;
    this.#acknowledged = filter;
    this.#notify('notifications/subscriptions/acknowledged', { notifications: writeFilter(filter) });
    for (const kind of this.#lists) if (!filter.lists.has(kind)) this.#lists.delete(kind);
    for (const uri of this.#updates.keys()) if (!filter.resources.has(uri)) this.#updates.delete(uri);
    this.flush();
  }

  /** Remembers that a list has changed, if the client wants to know. Returns whether it does. */
  listChanged(kind: ListKind): boolean {
    const { lists } = this.#acknowledged ?? this.requested;
    if (!lists.has(kind)) return false;
    this.#lists.add(kind);
    return true;
  }

  /**
   * Remembers that a resource has changed.
   * @param subscribed the URI in the filter that it comes under
   */
  resourceUpdated(subscribed: string, uri: string): void {
    const before = this.#updates.get(subscribed);
    // Of several parts of a resource, the client is told of the resource itself.
    this.#updates.set(subscribed, before === undefined || before === uri ? uri : subscribed);
  }

  /** Sends what has changed, as far as the client reads. */
  flush(): void {
    if (this.#acknowledged === undefined || this.#ended) return;
    for (const kind of this.#lists) {
      if (this.#blocked) return;
      this.#lists.delete(kind);
      this.#notify(listChangedMethod(kind), {});
    }
    for (const [subscribed, uri] of this.#updates) {
      if (this.#blocked) return;
      this.#updates.delete(subscribed);
      this.#notify('notifications/resources/updated', { uri });
    }
  }

  /** Ends the stream with the result that says that it was meant to end. */
  complete(): void {
    if (this.#ended) return;
    // Nothing may come before it, not even the end.
    if (this.#acknowledged === undefined) this.acknowledge(EMPTY_FILTER);
    const { serverInfo } = this.#owner;
    const named = serverInfo === undefined ? {} : { [META.serverInfo]: serverInfo };
    this.#finish({
      result: { resultType: 'complete', _meta: { ...named, [META.subscriptionId]: this.#id } },
    });
  }

  /** Ends the stream, instead of acknowledging it. */
  fail(code: number, message: string): void {
    if (!this.#ended) this.#finish({ error: { code, message } });
  }

  onDrain(): void {
    this.#blocked = false;
    this.flush();
  }

  onExpired(): void {
    this.complete();
  }

  onClose(): void {
    this.#ended = true;
    this.#owner.onClosed(this);
  }

  #finish(response: { readonly result: object } | { readonly error: object }): void {
    this.#connection.write(undefined, JSON.stringify({ jsonrpc: '2.0', id: this.#id, ...response }));
    this.#ended = true;
    this.#connection.end();
  }

  #notify(method: string, params: object): void {
    const body = {
      jsonrpc: '2.0',
      method,
      params: { _meta: { [META.subscriptionId]: this.#id }, ...params },
    };
    if (!this.#connection.write(undefined, JSON.stringify(body))) this.#blocked = true;
  }
}
