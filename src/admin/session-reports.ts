/**
 * Answers about all sessions, of which there may be very many: made a few milliseconds at a time, so that clients are served
 * in between. However many are asked for at once, one of them is worked on in each turn of the event loop.
 */

import { SharedTurns } from '../shared/turns.js';
import type { MultiClientCount, MultiClientMetrics } from '../telemetry/metrics/multi-client-metrics.js';
import type { GatewayView } from '../telemetry/snapshot.js';
import { replyJson } from './reply-json.js';

/** What is handed to a connection at once: with each slow reader, so much waits. */
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

  /** A JSON array of all sessions, in parts; the next is made when it is asked for. */
  sessions(): AsyncGenerator<string> {
    return this.#list(this.#view.sessions(), '\n');
  }

  /**
   * The metrics over all clients, as JSON. One after the other: each holds a part for every session until it is
   * handed out, and is counted with all output from then on.
   */
  clients(): Promise<string> {
    const text = this.#lastClients.then(() => this.#clientsText());
    this.#lastClients = text.catch(() => {
      // Whoever asked for it is told.
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
