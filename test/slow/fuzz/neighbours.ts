/**
 * Sessions beside the fuzzed inputs: those to which the inputs are sent, and the bystander, which must not notice
 * anything.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { withDeadline } from '../../support/deadline.js';
import { RawClient, textOf } from '../../support/raw-client.js';
import { SESSION_SLOTS, type Surroundings } from './input.js';

const OPENING_DEADLINE_MS = 15_000;

/** The inputs may end these sessions; each one that is gone is replaced. */
export class TargetSessions implements Surroundings {
  readonly #base: URL;
  readonly #streamable: (RawClient | undefined)[] = [];
  readonly #legacy: (LegacyStream | undefined)[] = [];
  readonly #eventIds: string[] = [];

  constructor(base: URL) {
    this.#base = base;
  }

  streamable(slot: number): string {
    return this.#streamable[slot]?.sessionId ?? 'none';
  }

  legacy(slot: number): string {
    return this.#legacy[slot]?.sessionId ?? 'none';
  }

  eventId(slot: number): string {
    return this.#eventIds[slot] ?? '1.get';
  }

  /** Opens sessions for all slots whose session is gone. */
  async renew(): Promise<void> {
    for (let slot = 0; slot < SESSION_SLOTS; slot += 1) {
      await this.#renewStreamable(slot);
      await this.#renewLegacy(slot);
    }
  }

  /** Records the event ids that a stream has shown. */
  seen(body: string): void {
    const id = /^id: (.{1,200})$/m.exec(body)?.[1];
    if (id !== undefined) this.#eventIds[this.#eventIds.length % SESSION_SLOTS] = id;
  }

  close(): void {
    for (const client of [...this.#streamable, ...this.#legacy]) client?.destroy();
  }

  async #renewStreamable(slot: number): Promise<void> {
    const known = this.#streamable[slot];
    if (known !== undefined) {
      const { status } = await known.post({ jsonrpc: '2.0', id: 'alive', method: 'ping' });
      if (status !== 404) return;
      known.destroy();
    }
    const client = new RawClient(new URL('/mcp', this.#base));
    await withDeadline(
      client.initialize('2025-11-25', { elicitation: {} }),
      'a session for the inputs',
      OPENING_DEADLINE_MS,
    );
    this.#streamable[slot] = client;
  }

  async #renewLegacy(slot: number): Promise<void> {
    const known = this.#legacy[slot];
    if (known !== undefined && !known.over) return;
    known?.destroy();
    this.#legacy[slot] = await LegacyStream.open(this.#base);
  }
}

/**
 * The stream of a session over HTTP+SSE. What it sends is read and discarded, so that the gateway never has to wait.
 */
class LegacyStream {
  readonly sessionId: string;
  over = false;
  readonly #client: RawClient;

  private constructor(client: RawClient, incoming: IncomingMessage, sessionId: string) {
    this.#client = client;
    this.sessionId = sessionId;
    incoming.resume().once('close', () => {
      this.over = true;
    });
  }

  static async open(base: URL): Promise<LegacyStream> {
    const client = new RawClient(new URL('/sse', base));
    const { incoming } = await client.send('GET');
    const [first] = (await withDeadline(
      once(incoming, 'data'),
      'the endpoint event',
      OPENING_DEADLINE_MS,
    )) as [Buffer];
    const sessionId = /sessionId=([\w-]+)/.exec(first.toString('utf8'))?.[1];
    if (sessionId === undefined) throw new Error(`No endpoint event: ${first.toString('utf8')}`);
    return new LegacyStream(client, incoming, sessionId);
  }

  destroy(): void {
    this.#client.destroy();
  }
}

/** A session that does its work: what it stores and what it receives must stay its own. */
export class Bystander {
  readonly secret = randomBytes(16).toString('hex');
  readonly #client: RawClient;
  #calls = 0;
  #slowestMs = 0;

  constructor(base: URL) {
    this.#client = new RawClient(new URL('/mcp', base));
  }

  get calls(): number {
    return this.#calls;
  }

  get slowestMs(): number {
    return this.#slowestMs;
  }

  async open(): Promise<void> {
    await this.#client.initialize();
    await this.#client.call('keep', { text: this.secret });
  }

  /** One call of each kind. @throws {Error} if an answer belongs to another session or does not arrive */
  async call(deadlineMs: number): Promise<void> {
    this.#calls += 1;
    const word = `bystander ${this.#calls}`;
    const startedMs = performance.now();
    const echoed = textOf(await this.#client.call('echo', { text: word }, { deadlineMs }));
    if (echoed !== word) throw new Error(`The bystander was told ${JSON.stringify(echoed)}, not ${word}.`);
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedMs);
    const kept = textOf(await this.#client.call('keep', { text: this.secret }, { deadlineMs }));
    if (kept !== this.secret) throw new Error("The bystander's state has become another's.");
  }

  close(): void {
    this.#client.destroy();
  }
}
