/** Starts a gateway for tests, and opens sessions with it. */
import type { Notification } from '@modelcontextprotocol/sdk/types.js';
import { ProgressNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { type Gateway, type OpenGateway, startOpenGateway } from '../gateway.js';
import { makeMovable } from '../shared/clock.js';
import { BulkheadError } from '../shared/errors.js';
import { advance } from './advance.js';
import { CallsInFlight } from './calls-in-flight.js';
import { HostLog, type LogLine } from './host-log.js';
import { type HostOptions, resolveHostOptions } from './host-options.js';
import { Received } from './received.js';
import { SessionConnection } from './session-connection.js';
import type { SessionOptions } from './session-options.js';
import { SessionRecord } from './session-record.js';
import { TestSession } from './test-session.js';
import { asProtocolError } from './tool-result.js';
import { UnusedHost } from './unused-host.js';

/** How long `initialize` may take, in real time: the module's `setup` runs meanwhile. */
const OPEN_MS = 60_000;

/**
 * Starts a gateway on a free port of loopback, with real threads. Nothing is printed; `host.log` has the log.
 * @param module the server module, as a path from the current folder or a `file:` URL; or options that name it
 * @param options those of `createGateway`
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` or `ERR_BULKHEAD_SERVER_MODULE`, with one sentence that says what was
 *   wrong; nothing is left running then
 */
export async function startHost(
  module: string | URL | HostOptions,
  options: HostOptions = {},
): Promise<Host> {
  const { resolved, extras } = resolveHostOptions(module, options);
  makeMovable();
  const log = new HostLog();
  return new Host(await startOpenGateway(resolved, extras, log), log, resolved.token);
}

/** A gateway that runs for tests. */
export class Host implements AsyncDisposable {
  /** The gateway itself, for its events and its snapshot. */
  readonly gateway: Gateway;
  readonly #open: OpenGateway;
  readonly #log: HostLog;
  readonly #token: string | undefined;
  readonly #sessions = new Map<TestSession, SessionConnection>();
  readonly #unused: UnusedHost;
  #closed: Promise<void> | undefined;
  #why = 'The host is closed.';

  /** @internal */
  constructor(open: OpenGateway, log: HostLog, token: string | undefined) {
    this.gateway = open.gateway;
    this.#open = open;
    this.#log = log;
    this.#token = token;
    // Each session has listeners of its own.
    this.gateway.events.setMaxListeners(0);
    this.#unused = new UnusedHost((sentence) => {
      process.stderr.write(`${sentence}\n`);
      this.#why = sentence;
      void this.close();
    });
  }

  /** The Streamable HTTP endpoint, for other clients. */
  get url(): URL {
    return this.gateway.url;
  }

  /** The lines of the gateway's log, the oldest first; the last 10,000. */
  get log(): readonly LogLine[] {
    return this.#log.lines;
  }

  /** How many threads and processes sessions have now. */
  get threads(): number {
    const { threads, processes } = this.gateway.snapshot();
    return [threads, processes]
      .map(({ claimed, ending, terminating, stuck }) => claimed + ending + terminating + stuck)
      .reduce((sum, count) => sum + count, 0);
  }

  /**
   * Connects a client, which opens a session.
   * @throws {ProtocolError} what `initialize` was answered, if the module's `setup` failed, for example
   */
  session(options: SessionOptions = {}): Promise<TestSession> {
    return this.#use(async () => {
      const calls = new CallsInFlight();
      const notifications = new Received<Notification>();
      const url = this.#urlOf(options.server);
      const connection = new SessionConnection({ ...options, url, token: this.#token }, calls);
      const { client } = connection;
      client.setNotificationHandler(ProgressNotificationSchema, ({ params }) => calls.onProgress(params));
      client.fallbackNotificationHandler = async (notification) => notifications.add(notification);
      const record = new SessionRecord(await opened(connection), this.#open, calls);
      void record.ended.then((reason) =>
        notifications.end(new Error(`The session has ended (${reason}), and sends no more.`)),
      );
      const session = new TestSession({ connection, record, calls, notifications, using: this.#use });
      this.#sessions.set(session, connection);
      return session;
    });
  }

  /** Ends the threads of all sessions at once, as `session.kill` does. Returns how many there were. */
  kill(): Promise<number> {
    return this.#use(async () => {
      const killed = await Promise.all(
        [...this.#sessions.keys()].map((session) => (session.state === undefined ? false : session.kill())),
      );
      return killed.filter(Boolean).length;
    });
  }

  /**
   * Moves the clock by which sessions are idle, sleep, are absent and end, and calls of test clients time out. What is due
   * in that time happens before this resolves: sessions are asleep or have ended. It is one clock for all hosts of the
   * process. What runs in threads goes by real time: timers of the module, its deadlines for starting, `cancel-grace`.
   */
  advance(ms: number): Promise<void> {
    return this.#use(() => advance(ms, this.#open));
  }

  /** Ends everything at once: clients, sessions, threads, listeners. Nothing is left when it resolves. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#unused.stop();
    await Promise.all([...this.#sessions.values()].map((connection) => connection.vanish()));
    await this.gateway.kill();
  }

  readonly #use = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (this.#closed !== undefined) throw new Error(this.#why);
    return this.#unused.using(work);
  };

  #urlOf(server: string | undefined): URL {
    if (server === undefined) return this.gateway.url;
    const names = this.gateway.servers().map(({ name }) => name);
    if (!names.includes(server)) {
      const known = names.join(', ');
      throw new BulkheadError(
        'ERR_BULKHEAD_OPTION',
        `There is no server ${JSON.stringify(server)}: name one of ${known}.`,
      );
    }
    return names.length === 1 ? this.gateway.url : new URL(`/${server}/mcp`, this.gateway.url);
  }
}

/** @throws {ProtocolError} */
async function opened(connection: SessionConnection): Promise<string> {
  try {
    return await connection.open(OPEN_MS);
  } catch (error) {
    await connection.vanish();
    throw asProtocolError(error);
  }
}
