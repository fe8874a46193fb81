/** The stream of `subscriptions/listen`, opened again whenever it ends (2026-07-28, Subscriptions). */
import { setTimeout as delay } from 'node:timers/promises';
import { excerpt, LoadFailure, statusFailure } from './failure-kind.js';
import { type Exchange, exchange, type HttpRequest } from './http-exchange.js';
import type { IncomingMessage } from './incoming-message.js';
import { META_SUBSCRIPTION } from './stateless-message.js';
import { connectionFailure } from './streamable-wire.js';

/** Pause before a stream that ended is opened again. */
const AGAIN_MS = 1_000;

const FILTER = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };

export interface ListenStreamOwner {
  readonly dispatcher: Parameters<typeof exchange>[0];
  /** A new id, and the request with these parameters. */
  listenRequest(params: object): { readonly id: string; readonly request: HttpRequest };
  /** The first token in the text that belongs to another request, or `undefined`. */
  foreign(text: string, id: string): string | undefined;
  /** Something arrived that should not have. */
  onListenFailure(failure: LoadFailure): void;
  /** The stream ended; it is opened again. */
  onListenClosed(): void;
}

export class ListenStream {
  readonly #owner: ListenStreamOwner;
  readonly #closing = new AbortController();
  #exchange: Exchange | undefined;

  constructor(owner: ListenStreamOwner) {
    this.#owner = owner;
  }

  /**
   * Resolves when the server has acknowledged the subscription, or if it offers none.
   * @throws {LoadFailure}
   */
  open(): Promise<void> {
    return new Promise((resolve, reject) => this.#open({ resolve, reject }));
  }

  close(): void {
    this.#closing.abort();
    this.#exchange?.abort(new Error('the client leaves'));
  }

  #open(opened?: { readonly resolve: () => void; readonly reject: (failure: LoadFailure) => void }): void {
    const { id, request } = this.#owner.listenRequest({ notifications: FILTER });
    let acknowledged = false;
    const ended = (failure: LoadFailure): void => {
      if (this.#closing.signal.aborted) return;
      if (opened !== undefined && !acknowledged) opened.reject(failure);
      else this.#again();
    };
    this.#exchange = exchange(this.#owner.dispatcher, request, {
      onEvent: ({ data }) => {
        if (data === '') return;
        const failure = this.#wrongIn(data, id, acknowledged);
        if (failure !== undefined) this.#owner.onListenFailure(failure);
        acknowledged = true;
        opened?.resolve();
      },
      onEnd: ({ status }, body) => {
        // 404: the server has no list that changes, and no such method.
        if (status === 404) opened?.resolve();
        else if (status === 200) ended(new LoadFailure('no answer', 'not acknowledged'));
        else ended(statusFailure(status, body, false));
      },
      onFailed: (error) => ended(connectionFailure(error)),
    });
  }

  #again(): void {
    this.#owner.onListenClosed();
    const { signal } = this.#closing;
    delay(AGAIN_MS, undefined, { signal }).then(
      () => this.#open(),
      (error: unknown) => {
        if (!signal.aborted) throw error;
      },
    );
  }

  /** The acknowledgement comes first, and each notification names the request whose stream it is on. */
  #wrongIn(text: string, id: string, acknowledged: boolean): LoadFailure | undefined {
    const foreign = this.#owner.foreign(text, id);
    if (foreign !== undefined) {
      return new LoadFailure('contaminated', `${id} got what is ${foreign}'s: ${excerpt(text)}`);
    }
    let message: IncomingMessage;
    try {
      message = JSON.parse(text) as IncomingMessage;
    } catch {
      return new LoadFailure('invalid', `not JSON: ${excerpt(text)}`);
    }
    // The end of the subscription.
    if (message.method === undefined && message.id === id) return undefined;
    const { _meta } = (message.params ?? {}) as { _meta?: Readonly<Record<string, unknown>> };
    if (_meta?.[META_SUBSCRIPTION] !== id) {
      return new LoadFailure('invalid', `not for the subscription ${id}: ${excerpt(text)}`);
    }
    if (!acknowledged && message.method !== 'notifications/subscriptions/acknowledged') {
      return new LoadFailure('invalid', `before the acknowledgement: ${excerpt(text)}`);
    }
    return undefined;
  }
}
