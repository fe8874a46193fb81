/**
 * Tries the server module out before the listener opens: one thread loads it, runs `setup` for a made-up session and
 * lists its tools. What can't work is found out here, and the tools' names are known, the only ones that may become
 * values of a metric label.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';
import { GatewayEmitter } from '../events.js';
import { BulkheadError, messageOf } from '../shared/errors.js';
import type { RequestId, ThreadFrame } from '../shared/frames.js';
import type { SessionContext } from '../shared/session-context.js';
import type { SessionThread, ThreadExit, ThreadOwner } from './session-thread.js';
import { ThreadPool, type ThreadPoolOptions } from './thread-pool.js';

/** More pages than this are a module that never comes to an end. */
const MAX_TOOL_PAGES = 100;
const MAX_PRINTED_CHARS = 300;

export interface CheckedServerModule {
  /** The names of its tools. */
  readonly tools: ReadonlySet<string>;
  /** For the threads to come. */
  readonly codeCache: Uint8Array;
}

/** @throws {BulkheadError} `ERR_BULKHEAD_SERVER_MODULE` with one sentence when the module can't serve. */
export async function checkServerModule(options: ThreadPoolOptions): Promise<CheckedServerModule> {
  // A pool of its own: the attempt leaves no trace in the gateway's metrics and logs.
  const events = new GatewayEmitter();
  const pool = new ThreadPool({ ...options, maxThreads: 1, spareThreads: 0 }, events);
  let printed = '';
  events.on('module-log', ({ message }) => {
    printed = `; the last that it printed: ${message.slice(0, MAX_PRINTED_CHARS)}`;
  });
  try {
    const thread = await pool.acquire(new AbortController().signal);
    const tools = await new TrialSession(thread).toolNames();
    return { tools, codeCache: shared(await thread.codeCache()) };
  } catch (error) {
    const module =
      options.serverModule === undefined ? 'the built-in server' : fileURLToPath(options.serverModule);
    const message = `${module}: ${messageOf(error)}${printed}`;
    throw new BulkheadError('ERR_BULKHEAD_SERVER_MODULE', message, { cause: error });
  } finally {
    await pool.close();
  }
}

/** All threads read the one copy. */
function shared(data: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
}

interface Answer {
  readonly result?: { readonly [key: string]: unknown };
  readonly error?: { readonly message: string };
}

class TrialSession implements ThreadOwner {
  readonly context: SessionContext = {
    sessionId: `trial-${randomUUID()}`,
    transport: 'streamable-http',
    client: { name: 'mcp-bulkhead', version: '' },
    protocolVersion: LATEST_PROTOCOL_VERSION,
    userAgent: undefined,
    remoteAddress: undefined,
    principal: 'anonymous',
    startedAtMs: Date.now(),
    metadata: {},
  };
  readonly #thread: SessionThread;
  readonly #waiting = new Map<
    RequestId,
    { resolve: (answer: Answer) => void; reject: (error: Error) => void }
  >();
  #lastId = 0;

  constructor(thread: SessionThread) {
    this.#thread = thread;
    thread.claim(this, { state: [], replay: [], firstRequestId: 0 });
  }

  async toolNames(): Promise<ReadonlySet<string>> {
    const initialized = await this.#ask('initialize', {
      protocolVersion: LATEST_PROTOCOL_VERSION,
      capabilities: {},
      clientInfo: this.context.client,
    });
    this.#thread.message(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
    const names = new Set<string>();
    const { capabilities } = initialized as { capabilities?: { tools?: unknown } };
    if (capabilities?.tools === undefined) return names;
    let cursor: unknown;
    for (let page = 0; page < MAX_TOOL_PAGES; page += 1) {
      const result = await this.#ask('tools/list', cursor === undefined ? {} : { cursor });
      const { tools, nextCursor } = result as { tools?: { name?: unknown }[]; nextCursor?: unknown };
      for (const { name } of tools ?? []) if (typeof name === 'string') names.add(name);
      if (typeof nextCursor !== 'string') return names;
      cursor = nextCursor;
    }
    throw new Error(`tools/list gave more than ${MAX_TOOL_PAGES} pages; end it by leaving nextCursor out`);
  }

  onClaimed(): void {}

  onCloseStream(): void {}

  onState(): void {}

  onSend({ kind, id, body }: Extract<ThreadFrame, { type: 'send' }>): void {
    if (kind !== 'response' || id === undefined) return;
    this.#waiting.get(id)?.resolve(JSON.parse(body) as Answer);
    this.#waiting.delete(id);
  }

  onExit(exit: ThreadExit): number {
    for (const { reject } of this.#waiting.values()) reject(new Error(exit.message));
    return this.#waiting.size;
  }

  async #ask(method: string, params: unknown): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.request(id, 'trial', JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
    if (answer.error !== undefined) throw new Error(`${method} failed: ${answer.error.message}`);
    return answer.result;
  }
}
