/**
 * Answers about all sessions, of which there may be very many. They are created for a few milliseconds at a time, so
 * that clients are served in between. However many are requested at once, only one of them is worked on in each turn of
 * the event loop.
 */

import { SharedTurns } from '../shared/turns.js';
import type { MultiClientCount, MultiClientMetrics } from '../telemetry/metrics/multi-client-metrics.js';
import type { GatewayView } from '../telemetry/snapshot.js';
import { replyJson } from './reply-json.js';

/** What is given to a connection at once. For each slow reader, this much waits. */
const CHUNK_CHARS = 128 * 1024;

export class SessionReports {
  readonly #view: GatewayView;
  readonly #newCount: () => MultiClientCount;
  readonly #turns = new SharedTurns();
  #lastClients: Promise<unknown> = Promise.resolve();

  constructor(view: GatewayView, newCount: () => MultiClientCount) {
    this.#view = view;
    this.#newCount = newCount;
  }

  /** A JSON array of all sessions, in parts; each part is created when it is needed. */
  sessions(): AsyncGenerator<string> {
    return this.#list(this.#view.sessions(), '\n');
  }

  /**
   * The metrics over all clients, as JSON. One after the other, because each answer holds a part for every session
   * until it is returned; from then on it counts as output.
   */
  clients(): Promise<string> {
    const text = this.#lastClients.then(() => this.#clientsText());
    this.#lastClients = text.catch(() => {
      // Whoever asked for it receives the error.
    });
    return text;
  }

  async #clientsText(): Promise<string> {
    const count = this.#newCount();
    await this.#turns.next();
    for (const session of this.#view.sessions()) {
      count.add(session);
      if (this.#turns.over) await this.#turns.next();
    }
    const { perSession, ...totals }: MultiClientMetrics = count.metrics(this.#view.snapshot());
    const parts = [`${replyJson(totals).slice(0, -1)},"perSession":`];
    for await (const part of this.#list(perSession, '}\n')) parts.push(part);
    return parts.join('');
  }

  async *#list(items: Iterable<unknown>, end: string): AsyncGenerator<string> {
    let text = '[';
    let separator = '';
    await this.#turns.next();
    for (const item of items) {
      text += separator + replyJson(item);
      separator = ',';
      if (text.length < CHUNK_CHARS && !this.#turns.over) continue;
      yield text;
      text = '';
      await this.#turns.next();
    }
    yield `${text}]${end}`;
  }
}
