/** Reports code caches that V8 refuses: each once in the log, because all workers of a server have the same. */
import type { CodeCacheName } from '../../shared/code-caches.js';
import type { GatewayEmitter, Isolation } from '../../telemetry/events.js';

export class CodeCacheNotices {
  readonly #events: GatewayEmitter;
  readonly #bundled: string;
  readonly #workers: string;
  readonly #told = new Set<CodeCacheName>();

  /** @param bundled whose bundle has a code cache */
  constructor(bundled: 'the server module' | 'the program', isolation: Isolation, events: GatewayEmitter) {
    this.#bundled = bundled;
    this.#workers = isolation === 'thread' ? 'session threads' : 'session processes';
    this.#events = events;
  }

  /** Workers work without it, and only their start shows the difference. */
  refused(rejected: readonly CodeCacheName[]): void {
    for (const cache of rejected) {
      this.#events.emit('code-cache-rejected', { cache });
      if (this.#told.has(cache)) continue;
      this.#told.add(cache);
      const ofWhat = cache === 'worker' ? 'the session worker' : this.#bundled;
      this.#events.emit('notice', {
        level: 'warn',
        message:
          `V8 refused the code cache of ${ofWhat}, so ${this.#workers} start more slowly; it does so after a tool has ` +
          'changed V8 flags (v8.setFlagsFromString), and takes the cache again after a restart of the gateway',
        fields: { cache },
      });
    }
  }
}
