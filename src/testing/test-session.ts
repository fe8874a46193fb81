/** A session of a host: a client that is connected to it, and what can be done to the session behind its back. */
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type {
  CallToolResult,
  GetPromptResult,
  Notification,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplate,
  Tool,
} from '@modelcontextprotocol/sdk/types.js';
import type { EndReason } from '../telemetry/end-reason.js';
import type { SessionState, ThreadSnapshot } from '../telemetry/snapshot.js';
import type { CallsInFlight } from './calls-in-flight.js';
import { type Limits, NO_TIMEOUT_MS, withinTime } from './deadline-signal.js';
import type { Received } from './received.js';
import { type CallOptions, RunningCall } from './running-call.js';
import type { SessionConnection } from './session-connection.js';
import type { SessionRecord } from './session-record.js';
import { asProtocolError, ToolError, type ToolResult, toolResult } from './tool-result.js';

/** As the SDK's client has it. */
const DEFAULT_TIMEOUT_MS = 60_000;
/** A list with more pages than this is assumed never to end. */
const MAX_PAGES = 1_000;

/** How long something is waited for. */
export interface WaitOptions {
  /** Ends the wait, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** By default 60,000, by the clock that `host.advance` moves; rejects with `TimeoutError`. */
  readonly timeoutMs?: number;
}

/** What a session consists of. */
export interface SessionParts {
  readonly connection: SessionConnection;
  readonly record: SessionRecord;
  readonly calls: CallsInFlight;
  /** What the client was sent that belongs to no call. */
  readonly notifications: Received<Notification>;
  /** Whatever a test does with the session begins and ends with this. */
  readonly using: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

export class TestSession {
  readonly #parts: SessionParts;

  /** @internal */
  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** The session's id. */
  get id(): string {
    return this.#parts.record.id;
  }

  /** The SDK's client, for whatever is not here. */
  get client(): Client {
    return this.#parts.connection.client;
  }

  /** Resolves when the session has ended, with the reason. */
  get ended(): Promise<EndReason> {
    return this.#parts.record.ended;
  }

  /** `asleep`: it has no thread. `undefined`: it has ended. */
  get state(): SessionState | undefined {
    return this.#parts.record.state;
  }

  /** `undefined`: it has none. */
  get thread(): ThreadSnapshot | undefined {
    return this.#parts.record.thread;
  }

  /**
   * Calls a tool and waits for its result.
   * @throws {ToolError} if the tool says that it failed
   * @throws {ProtocolError} if it was answered with a JSON-RPC error, by the server or by the gateway; `data.reason` says
   *   why, such as `thread_crash`
   * @throws {DOMException} `TimeoutError` after `timeoutMs`, or the reason of `signal`
   */
  call<Structured = Record<string, unknown>>(
    tool: string,
    args: Readonly<Record<string, unknown>> = {},
    options: CallOptions = {},
  ): Promise<ToolResult<Structured>> {
    return this.start<Structured>(tool, args, options).result;
  }

  /** The text of a tool's result; throws as `call` does. */
  async text(
    tool: string,
    args: Readonly<Record<string, unknown>> = {},
    options: CallOptions = {},
  ): Promise<string> {
    return (await this.call(tool, args, options)).text;
  }

  /** Calls a tool without waiting for its result: for progress, cancellation, and what becomes of the handler. */
  start<Structured = Record<string, unknown>>(
    tool: string,
    args: Readonly<Record<string, unknown>> = {},
    options: CallOptions = {},
  ): RunningCall<Structured> {
    const { calls, record, using } = this.#parts;
    const { onProgress, signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const call = new RunningCall<Structured>(record, onProgress, (controller, signals) =>
      using(async () => {
        const params = { name: tool, arguments: { ...args }, _meta: { progressToken: calls.add(signals) } };
        const raw = await this.#within(
          controller,
          { timeoutMs, signal, what: `The call of ${tool}` },
          (limits) => this.client.callTool(params, undefined, limits),
        );
        const result = toolResult<Structured>(raw as CallToolResult);
        if (result.raw.isError === true) throw new ToolError(tool, result);
        return result;
      }),
    );
    void call.settled.then(() => calls.forget(call.signals));
    return call;
  }

  /** All pages. */
  listTools(): Promise<readonly Tool[]> {
    return this.#pages('tools/list', async (cursor, limits) => {
      const { tools, nextCursor } = await this.client.listTools(cursor, limits);
      return [tools, nextCursor];
    });
  }

  /** All pages. */
  listResources(): Promise<readonly Resource[]> {
    return this.#pages('resources/list', async (cursor, limits) => {
      const { resources, nextCursor } = await this.client.listResources(cursor, limits);
      return [resources, nextCursor];
    });
  }

  /** All pages. */
  listResourceTemplates(): Promise<readonly ResourceTemplate[]> {
    return this.#pages('resources/templates/list', async (cursor, limits) => {
      const { resourceTemplates, nextCursor } = await this.client.listResourceTemplates(cursor, limits);
      return [resourceTemplates, nextCursor];
    });
  }

  /** All pages. */
  listPrompts(): Promise<readonly Prompt[]> {
    return this.#pages('prompts/list', async (cursor, limits) => {
      const { prompts, nextCursor } = await this.client.listPrompts(cursor, limits);
      return [prompts, nextCursor];
    });
  }

  /** The contents of a resource. @throws {ProtocolError} */
  read(uri: string, options: WaitOptions = {}): Promise<ReadResourceResult['contents']> {
    return this.#request(`Reading ${uri}`, options, async (limits) => {
      return (await this.client.readResource({ uri }, limits)).contents;
    });
  }

  /** A prompt with its messages. @throws {ProtocolError} */
  prompt(
    name: string,
    args: Readonly<Record<string, string>> = {},
    options: WaitOptions = {},
  ): Promise<GetPromptResult> {
    return this.#request(`The prompt ${name}`, options, (limits) =>
      this.client.getPrompt({ name, arguments: { ...args } }, limits),
    );
  }

  /**
   * The next notification of this method that no earlier call has returned: it has come already, or is waited for.
   * `notifications/message` are log messages; progress belongs to calls.
   * @throws {DOMException} `TimeoutError`
   */
  notification(method: string, options: WaitOptions = {}): Promise<Notification> {
    return this.#request(`The wait for ${method}`, options, ({ signal }) =>
      this.#parts.notifications.next((notification) => notification.method === method, signal),
    );
  }

  /** Notifications that have come and that `notification` has not returned. */
  get notifications(): readonly Notification[] {
    return this.#parts.notifications.kept;
  }

  /**
   * Ends the session's thread at once, as the gateway does with one that does not stop. The session stays, and its next
   * call gets another thread. Resolves when the thread is gone; `false` if there was none.
   */
  kill(): Promise<boolean> {
    return this.#parts.using(() => this.#parts.record.kill());
  }

  /**
   * Lets the session fall asleep now, as it would after `sleep-after`: `onSleep` runs, and the thread ends. Resolves when
   * it has; the next call wakes the session in another thread.
   * @throws {Error} if the thread has work
   */
  sleep(): Promise<void> {
    return this.#parts.using(() => this.#parts.record.sleep());
  }

  /**
   * The client goes without a word: its connections are dropped, and calls in flight reject. Resolves when the gateway has
   * seen it. The session stays for as long as `disconnect-grace` says.
   */
  vanish(): Promise<void> {
    const { connection, record, using } = this.#parts;
    return using(async () => {
      await connection.vanish();
      await record.unconnected();
    });
  }

  /** The client ends the session with DELETE. Resolves when nothing of it is left. */
  async end(): Promise<void> {
    await this.#parts.using(() => this.#parts.connection.end());
    await this.ended;
  }

  async #pages<Item>(
    method: string,
    page: (
      cursor: { cursor: string } | undefined,
      limits: RequestOptions,
    ) => Promise<readonly [items: readonly Item[], nextCursor: string | undefined]>,
  ): Promise<readonly Item[]> {
    return this.#request(method, {}, async (limits) => {
      const all: Item[] = [];
      let cursor: string | undefined;
      for (let pages = 0; pages < MAX_PAGES; pages += 1) {
        const [items, next] = await page(cursor === undefined ? undefined : { cursor }, limits);
        all.push(...items);
        if (next === undefined) return all;
        cursor = next;
      }
      throw new Error(`${method} has more than ${MAX_PAGES} pages.`);
    });
  }

  #request<Result>(
    what: string,
    { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: WaitOptions,
    send: (limits: { readonly signal: AbortSignal; readonly timeout: number }) => Promise<Result>,
  ): Promise<Result> {
    const limits = { what, signal, timeoutMs };
    return this.#parts.using(() => this.#within(new AbortController(), limits, send));
  }

  async #within<Result>(
    controller: AbortController,
    limits: Limits,
    send: (limits: { readonly signal: AbortSignal; readonly timeout: number }) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await withinTime(controller, limits, (signal) => send({ signal, timeout: NO_TIMEOUT_MS }));
    } catch (error) {
      throw this.#parts.connection.isClosed
        ? new Error('The client of this session is gone.', { cause: error })
        : asProtocolError(error);
    }
  }
}
