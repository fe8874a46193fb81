/**
 * What each new thread of the session must be sent before anything else: the `initialize` exchange, the log level and
 * the resource subscriptions. The replayed requests have ids of the gateway, and their answers are discarded.
 */

import type { ClientRequest } from '../protocol/client-message.js';
import { INITIALIZED_NOTIFICATION } from '../shared/initialized.js';
import { LazyMap } from '../shared/lazy-collections.js';

/**
 * The client decides how much it subscribes to. Beyond this limit, for one subscription or all together, the session
 * keeps its thread.
 */
const MAX_CHARS = 64 * 1024;

/**
 * Requests whose effect a thread keeps in memory. They are remembered when the server has answered them without an
 * error.
 */
const LASTING = new Set(['logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']);

export class Replay {
  #initialize: string | undefined;
  #initialized: string | undefined;
  #level: string | undefined;
  /** By URI. */
  readonly #subscriptions = new LazyMap<string, string>();
  #chars = 0;
  #incomplete = false;

  /**
   * Whether something could not be remembered, or nothing more can be. If the thread went now, something would be lost
   * with it.
   */
  get full(): boolean {
    return this.#incomplete || this.#chars > MAX_CHARS;
  }

  /** Whether `initialize` has been answered. */
  get introduced(): boolean {
    return this.#initialize !== undefined;
  }

  /** The parameters of the client's `initialize`, as JSON; it has been answered. */
  get introduction(): string {
    const { params } = JSON.parse(this.#initialize ?? '{}') as { params?: unknown };
    return JSON.stringify(params);
  }

  /** The URIs that the client has subscribed to, as far as they are remembered. */
  get subscriptions(): Iterable<string> {
    return this.#subscriptions.keys();
  }

  /** The minimum level of log messages that the client wants; `undefined` if it has set none. */
  get logLevel(): unknown {
    if (this.#level === undefined) return undefined;
    return (JSON.parse(this.#level) as { params?: { level?: unknown } }).params?.level;
  }

  /** Empty until `initialize` has been answered: the thread that answers it receives the client's own. */
  messages(): string[] {
    if (this.#initialize === undefined) return [];
    const messages = [this.#initialize, this.#initialized, this.#level, ...this.#subscriptions.values()];
    return messages.filter((message) => message !== undefined);
  }

  initialize(request: ClientRequest): void {
    this.#initialize = renamed(request.body, 'initialize');
  }

  /** `notifications/initialized` */
  initialized(body: string): void {
    this.#initialized = this.#kept(body) ?? INITIALIZED_NOTIFICATION;
  }

  /** The server has answered this request without an error. */
  answered({ method, body }: ClientRequest): void {
    if (!LASTING.has(method)) return;
    if (method === 'logging/setLevel') {
      this.#level = this.#kept(renamed(body, 'level'));
      return;
    }
    const uri = (JSON.parse(body) as { params?: { uri?: unknown } }).params?.uri;
    // A module may have accepted parameters that are not valid.
    if (typeof uri !== 'string') return;
    const known = this.#subscriptions.get(uri);
    if (known !== undefined) this.#chars -= known.length;
    this.#subscriptions.delete(uri);
    if (method === 'resources/unsubscribe') return;
    const message = this.full ? undefined : this.#kept(renamed(body, `subscription-${uri}`));
    if (message === undefined) {
      this.#incomplete = true;
      return;
    }
    this.#chars += message.length;
    this.#subscriptions.set(uri, message);
  }

  /** A single message can be as long as a body. Without a limit here, all sessions together could fill the memory. */
  #kept(message: string): string | undefined {
    if (message.length <= MAX_CHARS) return message;
    this.#incomplete = true;
    return undefined;
  }
}

/** Replaces the id, because the client may have used its own ids for other requests by now. */
function renamed(body: string, what: string): string {
  return JSON.stringify({ ...(JSON.parse(body) as object), id: `bulkhead-replay-${what}` });
}
