/**
 * The start of a program, until it serves its session: it is sent `initialize`, by the client, by a replay of what the
 * client has sent, or ahead of a client that is expected to send the same. Then it is asked for its lists.
 */
import {
  type DeclaredNotifications,
  declaredNotifications,
} from '../../src/shared/declared-notifications.js';
import { cut } from '../../src/shared/errors.js';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import { INITIALIZED, INITIALIZED_NOTIFICATION } from '../../src/shared/initialized.js';
import { isRequestId, type RequestId } from '../../src/shared/request-id.js';
import { type ClaimedSession, ListInquiry } from '../list-inquiry.js';
import type { TextResponse } from '../text-response.js';

const MAX_QUOTED_CHARS = 500;
/** When the log says that a start takes long, and again. */
const FIRST_NOTICE_MS = 5_000;
const NOTICE_MS = 60_000;

export interface ProgramStartOwner {
  post(frame: FromWorkerFrame): void;
  /** Sends the program a message. */
  write(body: string): void;
  /** Sends a request of the gateway itself. Never settles if it is not answered. */
  ask(id: RequestId, body: string): Promise<TextResponse>;
  /** A list as the client sees it. */
  viewed(method: string, response: TextResponse): TextResponse;
  /** The program has answered `initialize` with this result. */
  introduced(result: unknown): void;
}

export class ProgramStart {
  /** What the program has answered to `initialize`, once it has. */
  declared: DeclaredNotifications | undefined;
  readonly #owner: ProgramStartOwner;
  readonly #timeoutMs: number;
  readonly #lists: ListInquiry | undefined;
  /** Set once `initialize` was sent ahead: whether the program has accepted it. */
  #introduced: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #notice: NodeJS.Timeout | undefined;
  #lastList = 0;

  /** @param learns whether to report what the program answers to `initialize` and to the lists */
  constructor(timeoutMs: number, learns: boolean, owner: ProgramStartOwner) {
    this.#timeoutMs = timeoutMs;
    this.#owner = owner;
    if (!learns) return;
    this.#lists = new ListInquiry({
      ask: (method, params) => this.#askList(method, params),
      report: (frame) => owner.post(frame),
      refuse: (reason) => this.#log(`the server's lists are not remembered for later sessions: ${reason}`),
    });
  }

  /** The program serves this session from now on. */
  claimed(session: ClaimedSession): void {
    this.#lists?.claimed(session);
  }

  /** Begins ahead of a client. */
  introduce(params: string): void {
    this.#introduced = this.#introduce(params);
  }

  /**
   * Sends what an earlier program of the session was sent. Resolves with whether this one has accepted it; if not, it has
   * been reported.
   */
  async replay(messages: readonly string[]): Promise<boolean> {
    const [introduction, ...rest] = messages;
    if (introduction === undefined) return true;
    if (!(await (this.#introduced ?? this.#initialize(introduction)))) return false;
    for (const body of rest) void this.#repeat(body);
    return true;
  }

  /** The client's own `initialize` is sent. */
  begin(): void {
    this.#timer = setTimeout(
      () => this.#fail(`it did not answer initialize within ${this.#timeoutMs / 1000} s (start-timeout)`),
      this.#timeoutMs,
    ).unref();
    this.#noticeLater(FIRST_NOTICE_MS, performance.now());
  }

  /** `initialize` has been answered. */
  begun(response: TextResponse): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#notice);
    if (!('result' in response.message)) return;
    this.declared = declaredNotifications(response.message.result);
    this.#owner.introduced(response.message.result);
    this.#lists?.introduced(response);
  }

  /** @returns whether it was `notifications/initialized`, and need not be sent any more */
  passInitialized(method: string | undefined, body: string): boolean {
    if (method !== INITIALIZED) return false;
    if (this.#introduced !== undefined) return true;
    this.#owner.write(body);
    this.#lists?.initialized();
    return true;
  }

  /** A call of the client is sent. */
  called(): void {
    this.#lists?.called();
  }

  /** Whether its lists are reported. */
  get learns(): boolean {
    return this.#lists !== undefined;
  }

  /**
   * The program says that a list has changed.
   * @returns whether the lists that will be reported say so
   */
  listChanged(): boolean {
    return this.#lists?.listChanged() ?? false;
  }

  /** The program has gone: what it had to do at its start does not matter any more. */
  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#notice);
    this.#lists?.close();
  }

  async #introduce(params: string): Promise<boolean> {
    const body = `{"jsonrpc":"2.0","id":"bulkhead-introduction","method":"initialize","params":${params}}`;
    if (!(await this.#initialize(body))) return false;
    this.#owner.write(INITIALIZED_NOTIFICATION);
    this.#lists?.initialized();
    return true;
  }

  async #initialize(body: string): Promise<boolean> {
    this.begin();
    const response = await this.#repeat(body);
    if (response === undefined) return false;
    this.begun(response);
    if ('result' in response.message) return true;
    // The client knows the server by the answer of an earlier program.
    const { message } = response.message.error;
    this.#fail(`it answered initialize with an error: ${cut(String(message), MAX_QUOTED_CHARS)}`);
    return false;
  }

  /** @returns the answer, which the client does not see */
  async #repeat(body: string): Promise<TextResponse | undefined> {
    const { id, method } = JSON.parse(body) as { readonly id?: unknown; readonly method?: string };
    if (isRequestId(id)) return this.#owner.ask(id, body);
    if (!this.passInitialized(method, body)) this.#owner.write(body);
    return undefined;
  }

  async #askList(method: string, params: object | undefined): Promise<TextResponse> {
    this.#lastList += 1;
    const id = `bulkhead-list-${this.#lastList}`;
    const response = await this.#owner.ask(id, JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return this.#owner.viewed(method, response);
  }

  #noticeLater(ms: number, sinceMs: number): void {
    this.#notice = setTimeout(() => {
      const seconds = Math.round((performance.now() - sinceMs) / 1000);
      this.#log(
        `the server has not answered initialize after ${seconds} s; it may be downloading something first`,
      );
      this.#noticeLater(NOTICE_MS, sinceMs);
    }, ms).unref();
  }

  #log(message: string): void {
    const about = { source: 'session', fields: undefined, key: undefined } as const;
    this.#owner.post({ type: 'log', level: 'info', message, ...about });
  }

  #fail(message: string): void {
    this.#owner.post({ type: 'failed', stage: 'program', error: { name: 'Error', message } });
  }
}
