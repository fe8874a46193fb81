/**
 * A scripted conversation with a server, and its transcript. The same script over different wires gives transcripts that can be
 * compared.
 */
import { within } from '../peers/deadline.js';
import type { OpenWire, Wire } from './wire.js';

export const PROTOCOL_VERSION = '2025-11-25';
const ANSWER_DEADLINE_MS = 60_000;
/** After a conversation: a server's timers end within this time. */
const QUIET_MS = 700;
const LATE_DEADLINE_MS = 5_000;

type Params = Readonly<Record<string, unknown>>;

export type Step =
  /** A request; with a progress token if `progress`. */
  | { readonly kind: 'ask'; readonly method: string; readonly params: Params; readonly progress: boolean }
  | { readonly kind: 'tell'; readonly method: string; readonly params: Params }
  /** Waits until the server has sent that request or notification. */
  | { readonly kind: 'await'; readonly method: string }
  /** A call that is cancelled with its first progress. */
  | { readonly kind: 'cancel'; readonly tool: string; readonly args: Params };

export interface Conversation {
  readonly capabilities: Params;
  readonly steps: readonly Step[];
  /** Results for what the server asks of the client, by method. */
  readonly answers: Readonly<Record<string, unknown>>;
}

export interface Exchange {
  /** Such as `tools/call echo`. */
  readonly step: string;
  /** The text of the response; `undefined` for a cancelled call, which has none over stdio. */
  readonly answer: string | undefined;
  /** The notifications that named the request's progress token, in their order. */
  readonly progress: readonly string[];
}

export interface Transcript {
  readonly exchanges: readonly Exchange[];
  /** Everything else that the server said, requests of its own as well, in the order of arrival. */
  readonly others: readonly string[];
}

interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly progressToken?: unknown };
}

class Conversant {
  readonly others: string[] = [];
  readonly #answers: Readonly<Record<string, unknown>>;
  readonly #responses = new Map<unknown, string>();
  readonly #progress = new Map<unknown, string[]>();
  readonly #seen = new Map<string, number>();
  #wire: Wire | undefined;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;
  #lastId = 0;

  constructor(answers: Readonly<Record<string, unknown>>) {
    this.#answers = answers;
  }

  async connect(open: OpenWire): Promise<void> {
    this.#wire = await open(
      (text) => this.#receive(text),
      (error) => {
        this.#failure ??= error;
        this.#wake();
      },
    );
  }

  async close(): Promise<void> {
    await this.#wire?.close();
  }

  async take(step: Step): Promise<Exchange | undefined> {
    switch (step.kind) {
      case 'ask':
        return this.#ask(step.method, step.params, step.progress);
      case 'tell':
        await this.#send({ method: step.method, params: step.params });
        return undefined;
      case 'await':
        await this.#until(`${step.method} of the server`, () => this.#seen.has(step.method));
        return undefined;
      case 'cancel':
        return this.#cancel(step.tool, step.args);
      default:
        return step satisfies never;
    }
  }

  /** Until nothing came for so long. */
  async quiet(ms: number): Promise<void> {
    while ((await within(this.#next(), ms)) !== undefined);
  }

  /** Until so many messages that belong to no request have come, or too much time has passed. */
  async hasHeard(count: number): Promise<void> {
    const endMs = performance.now() + LATE_DEADLINE_MS;
    while (this.others.length < count && performance.now() < endMs)
      await within(this.#next(), endMs - performance.now());
  }

  async #ask(method: string, params: Params, progress: boolean): Promise<Exchange> {
    const id = ++this.#lastId;
    const meta = progress ? { _meta: { progressToken: id } } : {};
    await this.#send({ id, method, params: { ...params, ...meta } });
    const step = `${method} ${params.name ?? params.uri ?? ''}`.trim();
    await this.#until(`an answer to ${step}`, () => this.#responses.has(id));
    return { step, answer: this.#responses.get(id), progress: this.#progress.get(id) ?? [] };
  }

  async #cancel(tool: string, args: Params): Promise<Exchange> {
    const id = ++this.#lastId;
    const params = { name: tool, arguments: args, _meta: { progressToken: id } };
    await this.#send({ id, method: 'tools/call', params });
    await this.#until(`progress of ${tool}`, () => this.#progress.has(id));
    const progress = [...(this.#progress.get(id) ?? [])].slice(0, 1);
    await this.#send({ method: 'notifications/cancelled', params: { requestId: id, reason: 'no longer' } });
    return { step: `tools/call ${tool}, cancelled`, answer: undefined, progress };
  }

  #send(message: object): Promise<void> {
    return this.#wire?.send(JSON.stringify({ jsonrpc: '2.0', ...message })) ?? Promise.resolve();
  }

  #receive(text: string): void {
    const { id, method, params } = JSON.parse(text) as Message;
    if (method === undefined) this.#responses.set(id, text);
    else if (params?.progressToken !== undefined) this.#note(params.progressToken, text);
    else this.others.push(text);
    if (method !== undefined) this.#seen.set(method, (this.#seen.get(method) ?? 0) + 1);
    if (method !== undefined && id !== undefined) void this.#answer(id, method);
    this.#wake();
  }

  #note(token: unknown, text: string): void {
    const noted = this.#progress.get(token) ?? [];
    noted.push(text);
    this.#progress.set(token, noted);
  }

  async #answer(id: string | number, method: string): Promise<void> {
    const result = method === 'ping' ? {} : this.#answers[method];
    const error = { code: -32601, message: `Method not found: ${method}` };
    await this.#send(result === undefined ? { id, error } : { id, result });
  }

  /** Resolves with the next message, or the next failure. */
  #next(): Promise<true> {
    return new Promise((resolve) => {
      this.#wake = () => resolve(true);
    });
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    const endMs = performance.now() + ANSWER_DEADLINE_MS;
    while (!holds()) {
      if (this.#failure !== undefined) throw this.#failure;
      if (performance.now() > endMs) throw new Error(`no ${what} within ${ANSWER_DEADLINE_MS / 1_000} s`);
      await within(this.#next(), Math.max(1, endMs - performance.now()));
    }
  }
}

/** What is waited for after the last step. */
export interface Afterwards {
  /** So many messages besides answers and progress, which a former transcript has. */
  readonly others?: number;
  /** Until nothing has come for so long. */
  readonly quietMs?: number;
}

/**
 * Runs the conversation over a new wire.
 * @throws {Error} when a step has no answer, or the connection breaks
 */
export async function converse(
  open: OpenWire,
  { capabilities, steps, answers }: Conversation,
  { others = 0, quietMs = QUIET_MS }: Afterwards = {},
): Promise<Transcript> {
  const conversant = new Conversant(answers);
  await conversant.connect(open);
  try {
    const exchanges: Exchange[] = [];
    const clientInfo = { name: 'bench', version: '1.0.0' };
    const params = { protocolVersion: PROTOCOL_VERSION, capabilities, clientInfo };
    for (const step of [
      { kind: 'ask', method: 'initialize', params, progress: false } as const,
      { kind: 'tell', method: 'notifications/initialized', params: {} } as const,
      ...steps,
    ]) {
      const exchange = await conversant.take(step);
      if (exchange !== undefined) exchanges.push(exchange);
    }
    await conversant.hasHeard(others);
    await conversant.quiet(quietMs);
    await conversant.close();
    return { exchanges, others: conversant.others };
  } catch (error) {
    // The first error is the one to report: if the session was never opened, closing it fails as well.
    await conversant.close().catch(() => undefined);
    throw error;
  }
}
