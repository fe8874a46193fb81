/**
 * One session over two streams, such as stdin and stdout (2025-11-25, Transports, "stdio"). It begins with the client's
 * `initialize`. At the end of the input, requests in flight may finish, and the session ends.
 */
import type { Readable, Writable } from 'node:stream';
import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';
import type { Outbox, OutboxOwner, OutboxSource } from '../../delivery/outbox.js';
import type { StreamTotals } from '../../delivery/stream-totals.js';
import type { ClientMessage, ClientRequest } from '../../protocol/client-message.js';
import { parseBody } from '../../protocol/json-rpc.js';
import { errorResponse, JSON_RPC } from '../../protocol/json-rpc-error.js';
import type { Session } from '../../session/session.js';
import type { SessionManager } from '../../session/session-manager.js';
import { MAX_LINE_BYTES } from '../../shared/line-buffer.js';
import { NOBODY } from '../../shared/session-context.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { identified, MAX_INITIALIZE_CHARS, openingOf, tellSession } from '../session-messages.js';
import { LineWriter } from './line-writer.js';
import { type Line, readLines } from './read-lines.js';
import { StdioOutbox } from './stdio-outbox.js';

/** How long the client may take to read the last answers. */
const FLUSH_MS = 1_000;
/** JSON-RPC batches were removed after this version (2025-06-18, Key Changes). */
const LAST_VERSION_WITH_BATCHES = '2025-03-26';

/** The two directions of a client that speaks JSON-RPC in lines. */
export interface ClientStreams {
  /** What the client writes. */
  readonly input: Readable;
  /** What it reads. */
  readonly output: Writable;
}

/** A server, as far as it is needed here. */
interface StdioServer {
  readonly name: string;
  /** `undefined` while it cannot be served. */
  readonly sessions: SessionManager | undefined;
  readonly unavailable: string | undefined;
}

export interface StdioSessionOptions extends ClientStreams {
  readonly server: StdioServer;
  readonly events: GatewayEmitter;
  readonly totals: StreamTotals;
  /** How long requests in flight may take after the end of the input, in milliseconds. */
  readonly drainTimeoutMs: number;
}

/** Who ended it: the client, by ending its streams, or the gateway, whose log has the reason. */
export type StdioEnd = 'client' | 'gateway';

export class StdioSession implements OutboxSource {
  /** Resolves when nothing of the session is left. */
  readonly ended: Promise<StdioEnd>;
  readonly #options: StdioSessionOptions;
  readonly #writer: LineWriter;
  #session: Session | undefined;
  #outbox: StdioOutbox | undefined;
  #end: StdioEnd = 'client';
  #onIdle: (() => void) | undefined;

  constructor(options: StdioSessionOptions) {
    this.#options = options;
    this.#writer = new LineWriter(options.output);
    this.#writer.owner = {
      onDrain: () => this.#outbox?.drained(),
      // Nobody is left to answer to.
      onClose: () => this.#stopReading(),
    };
    this.ended = this.#run();
  }

  outboxFor(owner: OutboxOwner): Outbox {
    const { totals, events } = this.#options;
    this.#outbox = new StdioOutbox(owner, {
      writer: this.#writer,
      totals,
      events,
      onEnd: () => {
        this.#end = this.#onIdle === undefined ? 'gateway' : this.#end;
        this.#stopReading();
      },
    });
    return this.#outbox;
  }

  /** Ends it as the end of the input does. */
  close(): void {
    this.#stopReading();
  }

  async #run(): Promise<StdioEnd> {
    for await (const line of readLines(this.#options.input)) {
      await this.#writer.ready();
      this.#received(line);
    }
    const end = this.#end;
    await this.#idle();
    await this.#session?.end('stream_closed');
    await this.#writer.flush(FLUSH_MS);
    this.#writer.release();
    return end;
  }

  /** Waits for requests in flight, if anybody can still read their answers. */
  #idle(): Promise<void> {
    const { events, drainTimeoutMs } = this.#options;
    const busy = (): boolean => !this.#writer.closed && (this.#session?.requestsInFlight ?? 0) > 0;
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(deadline);
        events.off('request-finished', check);
        resolve();
      };
      const check = (): void => {
        if (!busy()) finish();
      };
      const deadline = setTimeout(finish, drainTimeoutMs);
      this.#onIdle = finish;
      events.on('request-finished', check);
      check();
    });
  }

  #stopReading(): void {
    this.#options.input.destroy();
    this.#onIdle?.();
  }

  #received(line: Line): void {
    if (line.kind !== 'text') {
      const why =
        line.kind === 'too-long' ? `a line may have ${MAX_LINE_BYTES} bytes` : 'the line is not UTF-8';
      return this.#answer(errorResponse(null, JSON_RPC.parseError, `Parse error: ${why}`));
    }
    const parsed = parseBody(line.text);
    if ('reason' in parsed) {
      const { id = null, code = JSON_RPC.invalidRequest, message } = parsed;
      return this.#answer(errorResponse(id, code, message));
    }
    const { messages, batch } = parsed;
    const opening = openingOf(messages);
    if (opening !== undefined) return this.#initialize(opening, messages.length);
    const session = this.#session;
    if (session === undefined) return this.#refuse(messages);
    if (batch && session.context.protocolVersion > LAST_VERSION_WITH_BATCHES) {
      const message = `Invalid Request: protocol version ${session.context.protocolVersion} has no batches; send one message per line`;
      return this.#answer(errorResponse(null, JSON_RPC.invalidRequest, message));
    }
    // There is no status by which the client would learn of it: it is counted, as over HTTP.
    if (!tellSession(session, messages)) this.#outbox?.rejected('thread_wait');
    const requests = messages.filter((message) => message.kind === 'request');
    if (requests.length > 0) session.request(requests, batch, undefined);
  }

  #initialize(opening: ClientRequest, messages: number): void {
    const { id } = opening;
    const invalid = (why: string): void =>
      this.#answer(errorResponse(id, JSON_RPC.invalidRequest, `Invalid Request: ${why}`));
    if (messages > 1) return invalid('Only one initialization request is allowed');
    if (this.#session !== undefined) return invalid('Server already initialized');
    if (opening.body.length > MAX_INITIALIZE_CHARS) {
      return invalid(`initialize may have ${MAX_INITIALIZE_CHARS} characters of JSON`);
    }
    const { server } = this.#options;
    const { sessions } = server;
    const refusal = sessions?.rejection();
    if (sessions === undefined || refusal !== undefined) {
      const why = refusal?.message ?? `The server ${server.name} cannot be served: ${server.unavailable}.`;
      return this.#answer(errorResponse(id, JSON_RPC.serverError, why));
    }
    const context = {
      era: 'session',
      affinity: 'session',
      transport: 'stdio',
      client: { name: '', version: '' },
      protocolVersion: LATEST_PROTOCOL_VERSION,
      userAgent: undefined,
      remoteAddress: undefined,
      principal: 'anonymous',
      identity: NOBODY,
      metadata: {},
    } as const;
    const session = sessions.open(context, this);
    this.#session = session;
    session.initialize(opening, identified(session.context, opening), undefined);
  }

  /** Before `initialize` there is no session that could answer. */
  #refuse(messages: readonly ClientMessage[]): void {
    for (const message of messages) {
      if (message.kind !== 'request') continue;
      const { id, method } = message;
      if (method === 'ping') {
        this.#answer(JSON.stringify({ jsonrpc: '2.0', id, result: {} }));
      } else if (method === 'server/discover') {
        // The first question of a client that prefers 2026-07-28: it initializes next.
        const why = `Method not found: server/discover; this server speaks ${LATEST_PROTOCOL_VERSION} and older: send initialize`;
        this.#answer(errorResponse(id, JSON_RPC.methodNotFound, why));
      } else {
        const why = `Invalid Request: ${method} came before initialize`;
        this.#answer(errorResponse(id, JSON_RPC.invalidRequest, why));
      }
    }
  }

  #answer(body: string): void {
    this.#writer.write(body);
  }
}
