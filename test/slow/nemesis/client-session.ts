/**
 * One MCP client over Streamable HTTP that records everything that it asks and gets. Like real clients, it resumes a
 * call's stream if it has an event id, keeps a GET stream open, and answers pings. It never sends a request twice.
 */
import { Pool } from 'undici';
import { type AnswerHead, type Exchange, exchange, wholeAnswer } from '../../../load/client/http-exchange.js';
import type { Operation, Response, SessionHistory } from './history.js';

export const PROTOCOL_VERSION = '2025-11-25';

/** As long as Claude Code waits for the headers of a response; no request here takes a tenth of it. */
const ANSWER_DEADLINE_MS = 60_000;
/** A client is told to wait `retry:` = 1 s. Here it comes back sooner, so that more happens in a run. */
const RETRY_MS = 100;
/** How long an ending session waits for messages that its GET stream still has to deliver. */
const STREAM_DEADLINE_MS = 15_000;
const LEAVE_DEADLINE_MS = 10_000;

const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

export interface CallPlan {
  readonly tool: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly steps?: number;
  readonly stepsOn?: 'post' | 'get';
  /** Sends `notifications/cancelled` after this long. */
  readonly cancelAfterMs?: number;
  /** Cuts the connection after this time, without notice. */
  readonly leaveAfterMs?: number;
}

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly message?: unknown; readonly data?: unknown; readonly logger?: unknown };
  readonly result?: { readonly content?: readonly { readonly text?: string }[]; readonly isError?: boolean };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: { reason?: string } };
}

/** An operation in progress. */
interface Pending {
  readonly operation: Operation;
  readonly settle: (outcome: Operation['outcome']) => void;
  readonly isSettled: () => boolean;
  exchange: Exchange | undefined;
  cursor: string | undefined;
}

export class ClientSession {
  readonly name: string;
  readonly #operations: Operation[] = [];
  readonly #strays: string[] = [];
  readonly #pending = new Map<number, Pending>();
  readonly #byToken = new Map<string, Operation>();
  readonly #pool: Pool;
  readonly #path: string;
  readonly #onResumed: () => void;
  #headers: Readonly<Record<string, string>> = HEADERS;
  #sessionId: string | undefined;
  #lastId = 0;
  #listening: Exchange | undefined;
  #getCursor: string | undefined;
  #streamLost = false;
  #gapMs: number | undefined;
  #closed = false;
  #onNumber: (() => void) | undefined;

  constructor(url: URL, name: string, onResumed: () => void = () => undefined) {
    this.name = name;
    this.#onResumed = onResumed;
    this.#path = url.pathname;
    this.#pool = new Pool(url.origin, { headersTimeout: 0, bodyTimeout: 0, connectTimeout: 5_000 });
  }

  /** The server has answered that it does not know the session any more. */
  get gone(): boolean {
    return this.#streamLost;
  }

  history(): SessionHistory {
    return {
      session: this.name,
      operations: this.#operations,
      strays: this.#strays,
      streamLost: this.#streamLost,
      gapMs: this.#gapMs,
    };
  }

  /** Sends `initialize` and opens a GET stream if wanted. `false`: it was refused, and there is no session. */
  async open(listen: boolean): Promise<boolean> {
    const params = {
      protocolVersion: PROTOCOL_VERSION,
      capabilities: {},
      clientInfo: { name: 'nemesis', version: '1.0.0' },
    };
    const { outcome } = await this.#request('initialize', 'initialize', params, { tool: 'initialize' });
    if (outcome.kind !== 'answer' || this.#sessionId === undefined) return false;
    this.#headers = {
      ...HEADERS,
      'mcp-session-id': this.#sessionId,
      'mcp-protocol-version': PROTOCOL_VERSION,
    };
    await this.#post({ method: 'notifications/initialized' });
    if (listen) await this.#listen();
    return true;
  }

  /** Calls a tool. Never rejects: the result is the operation's outcome. */
  call(plan: CallPlan): Promise<Operation> {
    return this.#request(
      plan.tool,
      'tools/call',
      (token) => ({
        name: plan.tool,
        arguments: { token, ...plan.arguments },
        _meta: { progressToken: token },
      }),
      plan,
    );
  }

  /** Ends the session when everything has arrived: with DELETE, or by closing every connection. */
  async leave(how: 'delete' | 'vanish'): Promise<void> {
    const owed = this.#operations.filter(
      ({ stepsOn, steps, outcome }) => stepsOn === 'get' && steps > 0 && outcome.kind === 'answer',
    );
    if (this.#listening !== undefined) await this.#numbersOf(owed);
    this.#closed = true;
    this.#listening?.abort(new Error('the client leaves'));
    if (how === 'delete' && this.#sessionId !== undefined && !this.#streamLost) {
      const headers = this.#headers;
      const deleted = wholeAnswer(this.#pool, { method: 'DELETE', path: this.#path, headers, body: null });
      // The answer does not matter: what becomes of the session is up to the server.
      await within(
        deleted.catch(() => undefined),
        LEAVE_DEADLINE_MS,
      );
    }
    await this.#pool.destroy();
  }

  async #request(
    tool: string,
    method: string,
    params: object | ((token: string) => object),
    plan: CallPlan,
  ): Promise<Operation> {
    this.#lastId += 1;
    const id = this.#lastId;
    const operation: Operation = {
      id,
      tool,
      token: `${this.name}:${id}`,
      steps: plan.steps ?? 0,
      stepsOn: plan.stepsOn ?? 'post',
      startMs: performance.now(),
      endMs: 0,
      outcome: { kind: 'none', why: 'still waited for at the end' },
      responses: [],
      numbers: [],
    };
    this.#operations.push(operation);
    this.#byToken.set(operation.token, operation);
    const timers: NodeJS.Timeout[] = [];
    await new Promise<void>((resolve) => {
      let settled = false;
      const pending: Pending = {
        operation,
        exchange: undefined,
        cursor: undefined,
        isSettled: () => settled,
        settle: (outcome) => {
          if (settled) return;
          settled = true;
          operation.outcome = outcome;
          operation.endMs = performance.now();
          resolve();
        },
      };
      this.#pending.set(id, pending);
      timers.push(
        setTimeout(() => {
          pending.settle({ kind: 'none', why: `no answer within ${ANSWER_DEADLINE_MS} ms` });
          pending.exchange?.abort(new Error('nobody waits any more'));
        }, ANSWER_DEADLINE_MS),
      );
      if (plan.cancelAfterMs !== undefined) {
        timers.push(setTimeout(() => this.#cancel(pending), plan.cancelAfterMs));
      }
      if (plan.leaveAfterMs !== undefined) {
        timers.push(
          setTimeout(() => {
            pending.settle({ kind: 'left' });
            pending.exchange?.abort(new Error('the client breaks off'));
          }, plan.leaveAfterMs),
        );
      }
      const body = {
        jsonrpc: '2.0',
        id,
        method,
        params: typeof params === 'function' ? params(operation.token) : params,
      };
      this.#follow(pending, JSON.stringify(body));
    });
    for (const timer of timers) clearTimeout(timer);
    return operation;
  }

  #cancel(pending: Pending): void {
    if (pending.isSettled()) return;
    void this.#post({ method: 'notifications/cancelled', params: { requestId: pending.operation.id } });
  }

  /** One connection of a request: its POST, or a GET that resumes its stream. */
  #follow(pending: Pending, body: string | undefined): void {
    const resuming = body === undefined && pending.cursor !== undefined;
    const headers = resuming ? { ...this.#headers, 'last-event-id': pending.cursor ?? '' } : this.#headers;
    const method = resuming ? 'GET' : 'POST';
    pending.exchange = exchange(
      this.#pool,
      { method, path: this.#path, headers, body: body ?? null },
      {
        onHead: ({ sessionId }) => {
          this.#sessionId ??= sessionId;
        },
        onEvent: ({ id, data }) => {
          if (id !== undefined && id !== '') pending.cursor = id;
          if (data !== '') this.#take(data);
        },
        onEnd: (head, text) => this.#ended(pending, head, text),
        onFailed: () => {
          if (pending.isSettled()) return;
          if (pending.cursor === undefined) pending.settle({ kind: 'closed' });
          else this.#resume(pending);
        },
      },
    );
  }

  #ended(pending: Pending, { status, eventStream }: AnswerHead, text: string): void {
    if (status === 200 && !eventStream) {
      this.#take(text);
      pending.settle({ kind: 'none', why: `a JSON body without its response: ${text.slice(0, 200)}` });
    } else if (status === 200) {
      if (pending.isSettled()) return;
      if (pending.cursor !== undefined) this.#resume(pending);
      else pending.settle({ kind: 'none', why: 'a stream that ended without its response or an event id' });
    } else if (status === 204) {
      pending.settle({ kind: 'none', why: 'resumed, and told that nothing is left (204)' });
    } else {
      if (status === 404) this.#streamLost = true;
      pending.settle({ kind: 'error', reason: `http ${status}` });
    }
  }

  #resume(pending: Pending): void {
    setTimeout(() => {
      if (pending.isSettled() || this.#closed) return;
      this.#onResumed();
      this.#follow(pending, undefined);
    }, RETRY_MS);
  }

  /**
   * Opens the GET stream, and again whenever it ends. Resolves at its first event; from then on nothing may be missing.
   */
  #listen(): Promise<void> {
    return new Promise((resolve) => {
      const again = (): void => {
        if (this.#closed || this.#streamLost) resolve();
        else setTimeout(open, RETRY_MS);
      };
      const open = (): void => {
        if (this.#closed || this.#streamLost) return resolve();
        const cursor = this.#getCursor === undefined ? {} : { 'last-event-id': this.#getCursor };
        const headers = { ...this.#headers, ...cursor, accept: 'text/event-stream' };
        if (this.#getCursor !== undefined) this.#onResumed();
        this.#listening = exchange(
          this.#pool,
          { method: 'GET', path: this.#path, headers, body: null },
          {
            onEvent: ({ id, data }) => {
              if (id !== undefined && id !== '') this.#getCursor = id;
              if (data !== '') this.#take(data);
              resolve();
            },
            onEnd: ({ status }) => {
              if (status === 404) this.#streamLost = true;
              again();
            },
            onFailed: again,
          },
        );
      };
      open();
    });
  }

  #take(text: string): void {
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      this.#strays.push(`not JSON: ${text.slice(0, 200)}`);
      return;
    }
    if (message.method === undefined) this.#takeResponse(message, text);
    else if (message.id !== undefined) this.#answerServer(message);
    else this.#takeNotification(message);
  }

  #takeResponse({ id, result, error }: Message, text: string): void {
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (pending === undefined) {
      this.#strays.push(`a response that nobody asked for: ${text.slice(0, 200)}`);
      return;
    }
    const { operation } = pending;
    const failure = error === undefined ? undefined : (error.data?.reason ?? `json-rpc ${error.code}`);
    const said = result?.content?.[0]?.text ?? '';
    const response: Response =
      failure !== undefined
        ? { error: failure }
        : result?.isError === true
          ? { error: `tool: ${said.slice(0, 60)}` }
          : { token: operation.tool === 'initialize' ? operation.token : said };
    operation.responses.push(response);
    pending.settle('error' in response ? { kind: 'error', reason: response.error } : { kind: 'answer' });
  }

  #takeNotification({ method, params }: Message): void {
    const said = method === 'notifications/progress' ? params?.message : params?.data;
    if (method !== 'notifications/progress' && method !== 'notifications/message') return;
    // The gateway sends its own progress, which carries no token, and one log message: that a GET stream has a gap.
    if (method === 'notifications/message' && params?.logger === 'bulkhead') {
      this.#gapMs = performance.now();
      this.#onNumber?.();
      return;
    }
    const [, token, number] = (typeof said === 'string' && /^(\S+:\d+) (\d+)$/.exec(said)) || [];
    if (token === undefined) return;
    const operation = this.#byToken.get(token);
    if (operation === undefined) this.#strays.push(`a notification of another's request ${token}`);
    else operation.numbers.push(Number(number));
    this.#onNumber?.();
  }

  #answerServer({ id, method }: Message): void {
    const answer =
      method === 'ping'
        ? { result: {} }
        : { error: { code: -32601, message: `This client has no ${method}` } };
    void this.#post({ id, ...answer });
  }

  /** Sends what needs no response. If it fails, the requests show it. */
  async #post(message: object): Promise<void> {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const request = { method: 'POST', path: this.#path, headers: this.#headers, body } as const;
    await within(
      wholeAnswer(this.#pool, request).catch(() => undefined),
      ANSWER_DEADLINE_MS,
    );
  }

  /** Waits until the operations have all their numbers, or no more can arrive. */
  async #numbersOf(operations: readonly Operation[]): Promise<void> {
    const complete = (): boolean =>
      this.#streamLost ||
      operations.every(
        ({ numbers, steps, startMs }) => numbers.length >= steps || startMs <= (this.#gapMs ?? 0),
      );
    if (complete()) return;
    await within(
      new Promise<void>((resolve) => {
        this.#onNumber = () => {
          if (complete()) resolve();
        };
      }),
      STREAM_DEADLINE_MS,
    );
  }
}

/** Waits for the promise, or until the deadline. */
async function within(work: Promise<unknown>, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}
