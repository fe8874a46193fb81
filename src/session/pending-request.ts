/** One request of the client that has not been answered: what it is, where its answer goes, and its heartbeat. */
import { performance } from 'node:perf_hooks';
import type { ResponseStream } from '../delivery/outbox.js';
import type { ClientRequest } from '../protocol/client-message.js';
import type { Deadline } from '../shared/deadline.js';
import type { SessionContext } from '../shared/session-context.js';
import type { RequestFacts } from '../telemetry/events.js';
import type { RequestSnapshot } from '../telemetry/snapshot.js';

/**
 * Progress must increase with each notification (2025-11-25, Progress), and the scale that the tool will use is not
 * known. So the steps are so small that the tool's own first value is almost certainly larger.
 */
const HEARTBEAT_STEP = 1e-6;

export interface RequestedSession {
  /** Whether requests wait until the session's server has started. */
  readonly waking: boolean;
}

export class PendingRequest {
  readonly request: ClientRequest;
  readonly key: string;
  readonly stream: ResponseStream;
  readonly startedMs = performance.now();
  /** Runs while the stream is lost but could be resumed. */
  resumeDeadline: Deadline | undefined;
  /** It waits for its check: nothing of its response is sent meanwhile. */
  held = false;
  #heartbeat: NodeJS.Timeout | undefined;
  /** The highest value that the client was sent, and the highest of those that came from the gateway. */
  #progress = 0;
  #beaten: number | undefined;
  #toolReports = false;

  constructor(request: ClientRequest, key: string, stream: ResponseStream) {
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

  /** Clients give up on a call that is silent for minutes, and keep-alive comments do not count for them. */
  startHeartbeat(intervalMs: number, session: RequestedSession): void {
    if (this.request.progressToken === undefined || this.#toolReports || this.#heartbeat !== undefined)
      return;
    this.#heartbeat = setInterval(() => this.beat(session), intervalMs);
  }

  /** Sends progress from the gateway, slightly above everything that the client was sent. */
  beat({ waking }: RequestedSession): void {
    const { progressToken } = this.request;
    const progress = above(this.#progress);
    if (progressToken === undefined || !Number.isFinite(progress)) return;
    this.#progress = progress;
    this.#beaten = progress;
    const message = waking ? 'waiting for its server to start' : 'still running';
    const params = { progressToken, progress, message };
    this.stream.send(
      JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params }),
      undefined,
      0,
    );
  }

  /**
   * The tool has reported progress itself. `false`: the report must not be passed on, because the gateway has already
   * sent the client a higher value.
   */
  toolReported(progress: number): boolean {
    this.#toolReports = true;
    clearInterval(this.#heartbeat);
    if (this.#beaten !== undefined && !(progress > this.#beaten)) return false;
    this.#progress = progress;
    return true;
  }

  settle(): void {
    clearInterval(this.#heartbeat);
    this.resumeDeadline?.clear();
  }
}

/** The next value in steps that stay readable, or in the smallest step that the number allows. */
function above(progress: number): number {
  const next = Number((progress + HEARTBEAT_STEP).toFixed(6));
  return next > progress ? next : progress + Math.abs(progress) * 2 ** -50;
}
