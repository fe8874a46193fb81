/** Reports code caches that V8 refuses: each once in the log, because all workers of a server have the same. */
import type { CodeCacheName } from '../../shared/code-caches.js';
import type { GatewayEmitter } from '../../telemetry/events.js';

export class CodeCacheNotices {
  readonly #events: GatewayEmitter;
  readonly #told = new Set<CodeCacheName>();

  constructor(events: GatewayEmitter) {
    this.#events = events;
  }

  /** Workers work without it, and only their start shows the difference. */
  refused(rejected: readonly CodeCacheName[]): void {
    for (const cache of rejected) {
      this.#events.emit('code-cache-rejected', { cache });
      if (this.#told.has(cache)) continue;
      this.#told.add(cache);
      const ofWhat = cache === 'worker' ? 'the session worker' : 'the server module';
      this.#events.emit('notice', {
        level: 'warn',
        message:
          `V8 refused the code cache of ${ofWhat}, so session threads start more slowly; it does so after a tool has ` +
          'changed V8 flags (v8.setFlagsFromString), and takes the cache again after a restart of the gateway',
        fields: { cache },
      });
    }
  }
}
