/** The gateway's record of a test session: what it runs in, and what can be done to it behind its client's back. */
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { Gateway, OpenGateway } from '../gateway.js';
import type { AllSessions } from '../session/all-sessions.js';
import type { Session } from '../session/session.js';
import type { RequestId } from '../shared/request-id.js';
import type { EndReason } from '../telemetry/end-reason.js';
import type { GatewayEvents } from '../telemetry/events.js';
import type { SessionState, ThreadSnapshot } from '../telemetry/snapshot.js';

const UNCONNECTED_MS = 10_000;

/** Whoever wants to know what happens to requests in the gateway. */
export interface RecordObserver {
  /** The handler of a cancelled request has settled. */
  onHandlerStopped(requestId: RequestId): void;
  /** A request has been answered or cancelled. */
  onRequestOver(): void;
  onThreadGone(): void;
}

export class SessionRecord {
  readonly id: string;
  readonly ended: Promise<EndReason>;
  readonly #gateway: Gateway;
  readonly #sessions: AllSessions;

  /** @param id of a session that has just begun */
  constructor(id: string, { gateway, sessions }: OpenGateway, observer: RecordObserver) {
    this.id = id;
    this.#gateway = gateway;
    this.#sessions = sessions;
    this.ended = new Promise((resolve) => {
      gateway.events.subscribe({
        'session-ended': ({ context, reason }) => {
          if (context.sessionId !== id) return;
          resolve(reason);
        },
        'handler-stopped': ({ context, requestId }) => {
          if (context.sessionId === id) observer.onHandlerStopped(requestId);
        },
        'request-finished': ({ context }) => {
          if (context.sessionId === id) observer.onRequestOver();
        },
        'thread-exited': ({ context }) => {
          if (context?.sessionId === id) observer.onThreadGone();
        },
      });
    });
  }

  /** `undefined`: it has ended. */
  get state(): SessionState | undefined {
    return this.#sessions.get(this.id)?.state;
  }

  get thread(): ThreadSnapshot | undefined {
    return this.#sessions.get(this.id)?.snapshot().thread;
  }

  runs(requestId: RequestId): boolean {
    return this.#sessions.get(this.id)?.runs(requestId) ?? false;
  }

  /** Resolves when the thread is gone; `false` if there was none. */
  async kill(): Promise<boolean> {
    const session = this.#alive();
    const gone = this.#event('thread-exited');
    if (!session.killWorker('the test killed it')) {
      gone.stop();
      return false;
    }
    await gone.happened;
    return true;
  }

  /** Resolves when the session has no thread. @throws {Error} if the thread has work */
  async sleep(): Promise<void> {
    const session = this.#alive();
    while (session.state === 'waking') await this.#event('session-woke').happened;
    if (session.state === 'asleep') return;
    const gone = this.#event('thread-exited');
    const refused = this.#event('session-stayed-awake');
    try {
      session.sleep('idle');
      if (session.state !== 'falling_asleep') throw awake(session);
      const isGone = await Promise.race([gone.happened.then(() => true), refused.happened.then(() => false)]);
      if (!isGone) throw awake(session);
    } finally {
      gone.stop();
      refused.stop();
    }
  }

  /**
   * Resolves when the gateway has seen that the client has no connection any more, which takes it a few turns of the event
   * loop. There is no event for a connection whose response has not begun.
   */
  async unconnected(): Promise<void> {
    const deadlineMs = performance.now() + UNCONNECTED_MS;
    while ((this.#sessions.get(this.id)?.connections ?? 0) > 0) {
      if (performance.now() > deadlineMs)
        throw new Error(
          `The gateway has not seen within ${UNCONNECTED_MS / 1000} s that the client is gone.`,
        );
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #alive(): Session {
    const session = this.#sessions.get(this.id);
    if (session === undefined) throw new Error('The session has ended.');
    return session;
  }

  /** The next event of this name that is about this session. */
  #event(name: 'thread-exited' | 'session-woke' | 'session-stayed-awake') {
    const { events } = this.#gateway;
    const stopped = new AbortController();
    const wait = async (): Promise<void> => {
      for (;;) {
        const [event] = (await once(events, name, { signal: stopped.signal })) as GatewayEvents[typeof name];
        if (event.context?.sessionId === this.id) return;
      }
    };
    const happened = wait();
    happened.catch(() => {});
    return { happened, stop: () => stopped.abort() };
  }
}

function awake(session: Session): Error {
  const { requests } = session.snapshot();
  const why =
    requests.length > 0
      ? `${requests.length} of its requests are in flight`
      : 'its module has `sleep: false`, holds it with `session.stayAwake`, runs a child process, or has left work that has not ended';
  return new Error(`The session cannot sleep: ${why}.`);
}
