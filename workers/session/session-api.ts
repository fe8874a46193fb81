/** What a server module receives as `session`. */
import type {
  Session,
  SessionChildProcess,
  SessionSpawnOptions,
  SessionState,
} from '../../src/shared/define-server.js';
import type { LogLevel } from '../../src/shared/frames/from-worker.js';
import type { SessionContext } from '../../src/shared/session-context.js';
import type { SessionChildProcesses } from './children/child-processes.js';
import { currentRequestKey } from './current-request.js';
import type { Holds } from './holds.js';
import { MetricsReporter } from './metrics-reporter.js';
import type { LogMessage } from './module-log.js';
import type { SessionHostOwner } from './session-host-owner.js';

export class SessionApi {
  /** What the module receives. It may be destructured and spread: nothing in it needs its `this`. */
  readonly session: Session;
  readonly #ended = new AbortController();
  readonly #children: SessionChildProcesses;
  readonly #holds: Holds;
  #metrics: MetricsReporter | undefined;

  constructor(owner: SessionHostOwner, context: SessionContext, state: SessionState, holds: Holds) {
    const { log, children } = owner;
    this.#children = children;
    this.#holds = holds;
    const line =
      (level: LogLevel) =>
      (message: LogMessage, fields?: Readonly<Record<string, unknown>>): void =>
        log.write('session', level, message, fields);
    const metrics = (): MetricsReporter => {
      this.#metrics ??= new MetricsReporter((frame) => owner.post(frame), log);
      return this.#metrics;
    };
    const { signal } = this.#ended;
    this.session = {
      id: context.sessionId,
      context,
      principal: context.identity,
      signal,
      log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
      state: inParts(state),
      get metrics() {
        return metrics().registry;
      },
      get requestKey() {
        return currentRequestKey();
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

  /** A handler has settled. This is when a module's metrics have most likely changed. */
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

/** The same state with functions that need no `this`. */
function inParts(state: SessionState): SessionState {
  return {
    get: (key) => state.get(key),
    set: (key, value) => state.set(key, value),
    delete: (key) => state.delete(key),
    keys: () => state.keys(),
  };
}
