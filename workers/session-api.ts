/** What a server module is given as `session`. */
import { deserialize, serialize } from 'node:v8';
import type {
  Session,
  SessionChildProcess,
  SessionSpawnOptions,
  SessionState,
} from '../src/shared/define-server.js';
import { BulkheadError, messageOf } from '../src/shared/errors.js';
import type { LogLevel, StateEntry, ThreadFrame } from '../src/shared/frames.js';
import type { SessionContext } from '../src/shared/session-context.js';
import type { SessionChildProcesses } from './child-processes.js';
import type { Holds } from './holds.js';
import { MetricsReporter } from './metrics-reporter.js';
import type { ModuleLog } from './module-log.js';
import { requestKeyIfAny } from './tool-executor.js';

/** All values of one session's state together, serialized: it stays on the main thread, for every session. */
const STATE_LIMIT_BYTES = 1024 * 1024;

export interface SessionApiParts {
  readonly context: SessionContext;
  readonly state: readonly StateEntry[];
  readonly post: (frame: ThreadFrame) => void;
  readonly log: ModuleLog;
  readonly children: SessionChildProcesses;
  readonly holds: Holds;
}

export class SessionApi {
  /** What the module is given. It may be taken apart and spread: nothing of it needs its `this`. */
  readonly session: Session;
  readonly #ended = new AbortController();
  readonly #children: SessionChildProcesses;
  readonly #holds: Holds;
  #metrics: MetricsReporter | undefined;

  constructor({ context, state, post, log, children, holds }: SessionApiParts) {
    this.#children = children;
    this.#holds = holds;
    const line =
      (level: LogLevel) =>
      (message: string, fields?: Readonly<Record<string, unknown>>): void =>
        log.write('session', level, message, fields);
    const metrics = (): MetricsReporter => {
      this.#metrics ??= new MetricsReporter(post, log);
      return this.#metrics;
    };
    const { signal } = this.#ended;
    this.session = {
      id: context.sessionId,
      context,
      signal,
      log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
      state: inParts(new StoredState(state, post)),
      get metrics() {
        return metrics().registry;
      },
      get requestKey() {
        return requestKeyIfAny();
      },
      spawn: (command, args, options) => this.#spawn(command, args, options),
      stayAwake: () => holds.take(),
    };
  }

  #spawn(
    command: string,
    args: readonly string[] | undefined,
    options: SessionSpawnOptions | undefined,
  ): SessionChildProcess {
    const release = this.#holds.take();
    try {
      return this.#children.spawn(command, args, options, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** A handler has come to its end: the moment at which a module's metrics have most likely changed. */
  requestSettled(): void {
    this.#metrics?.changed();
  }

  end(reason: string): void {
    this.#ended.abort(new DOMException(`the session ends: ${reason}`, 'AbortError'));
  }

  async flush(): Promise<void> {
    await this.#metrics?.flush();
  }
}

/** The same with functions that need no `this`. */
function inParts(state: SessionState): SessionState {
  return {
    get: (key) => state.get(key),
    set: (key, value) => state.set(key, value),
    delete: (key) => state.delete(key),
    keys: () => state.keys(),
  };
}

class StoredState implements SessionState {
  readonly #values = new Map<string, Uint8Array>();
  readonly #post: (frame: ThreadFrame) => void;
  #bytes = 0;

  constructor(entries: readonly StateEntry[], post: (frame: ThreadFrame) => void) {
    this.#post = post;
    for (const [key, value] of entries) {
      this.#values.set(key, value);
      this.#bytes += sizeOf(key, value);
    }
  }

  get(key: string): unknown {
    const value = this.#values.get(key);
    return value === undefined ? undefined : deserialize(value);
  }

  set(key: string, value: unknown): void {
    let bytes: Uint8Array;
    try {
      bytes = serialize(value);
    } catch (error) {
      throw new BulkheadError(
        'ERR_BULKHEAD_STATE',
        `session.state: the value for ${JSON.stringify(key)} can't be cloned (${messageOf(error)}); store plain data`,
        { cause: error },
      );
    }
    const total = this.#bytes - this.#sizeOfStored(key) + sizeOf(key, bytes);
    if (total > STATE_LIMIT_BYTES) {
      throw new BulkheadError(
        'ERR_BULKHEAD_STATE',
        `session.state: with ${JSON.stringify(key)} it would hold ${total} bytes of at most ${STATE_LIMIT_BYTES}; ` +
          'store less, or a reference to where the data is',
      );
    }
    this.#bytes = total;
    this.#values.set(key, bytes);
    this.#post({ type: 'state', key, value: bytes });
  }

  delete(key: string): boolean {
    this.#bytes -= this.#sizeOfStored(key);
    if (!this.#values.delete(key)) return false;
    this.#post({ type: 'state', key, value: undefined });
    return true;
  }

  keys(): string[] {
    return [...this.#values.keys()];
  }

  #sizeOfStored(key: string): number {
    const stored = this.#values.get(key);
    return stored === undefined ? 0 : sizeOf(key, stored);
  }
}

function sizeOf(key: string, value: Uint8Array): number {
  return key.length + value.byteLength;
}
