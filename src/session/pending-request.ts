/** One request of the client that has not been answered: what it is, where its answer goes, and its heartbeat. */
import { performance } from 'node:perf_hooks';
import type { RequestFacts } from '../events.js';
import type { SessionContext } from '../shared/session-context.js';
import type { RequestSnapshot } from '../snapshot.js';
import type { ClientRequest } from './client-message.js';
import type { MessageStream } from './message-stream.js';

/**
 * Progress must grow with each notification (2025-11-25, Progress), and nothing is known of the scale that the
 * tool itself will use: steps so small that the tool's own first value is almost surely larger.
 */
const HEARTBEAT_STEP = 1e-6;

export class PendingRequest {
  readonly request: ClientRequest;
  readonly key: string;
  readonly stream: MessageStream;
  readonly startedMs = performance.now();
  /** Counts down once its stream is gone and could be resumed. */
  resumeDeadline: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #heartbeats = 0;
  #toolReports = false;

  constructor(request: ClientRequest, key: string, stream: MessageStream) {
    this.request = request;
    this.key = key;
    this.stream = stream;
  }

  get ageMs(): number {
    return performance.now() - this.startedMs;
  }

  facts(context: SessionContext): RequestFacts {
    return { context, key: this.key, method: this.request.method, tool: this.request.tool };
  }

  snapshot(): RequestSnapshot {
    const { method, tool } = this.request;
    return { key: this.key, method, tool, ageMs: this.ageMs };
  }

  /** Clients give up on a call that is silent for minutes; a keep-alive comment does not count for them. */
  startHeartbeat(intervalMs: number): void {
    const { progressToken } = this.request;
    if (progressToken === undefined || this.#toolReports || this.#heartbeat !== undefined) return;
    this.#heartbeat = setInterval(() => {
      this.#heartbeats += 1;
      const progress = Number((this.#heartbeats * HEARTBEAT_STEP).toFixed(6));
      const params = { progressToken, progress, message: 'still running' };
      this.stream.deliver(
        JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params }),
        undefined,
        0,
      );
    }, intervalMs);
  }

  /**
   * The tool has reported progress by itself. `false`: the report must not be passed on, because the client has
   * been told more already.
   */
  toolReported(progress: number): boolean {
    this.#toolReports = true;
    clearInterval(this.#heartbeat);
    return this.#heartbeats === 0 || progress > this.#heartbeats * HEARTBEAT_STEP;
  }

  settle(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.resumeDeadline);
  }
}
