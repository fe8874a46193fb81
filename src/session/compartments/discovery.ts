/**
 * `server/discover` of a server that the main thread knows nothing of. It is never refused and never late: an error, or none for
 * a few seconds, sends clients to `initialize`. So a compartment is asked, and who cannot be told in time what it says is told
 * what is presumed.
 */
import type { CachedAnswer } from '../../servers/cached-answers.js';
import { Deadline } from '../../shared/deadline.js';
import type { RequestId } from '../../shared/request-id.js';
import { DISCOVER } from '../../shared/stateless.js';
import type { SessionManager } from '../session-manager.js';
import type { Caller } from './compartment.js';
import type { Compartments } from './compartments.js';
import { askCompartment } from './inner-request.js';
import { keyOf } from './request-compartments.js';

/** Claude Code gives up after 5 s. */
const PATIENCE_MS = 3_000;
/** As long as a call waits for a worker. */
const WAIT_MS = 45_000;

export class Discovery {
  readonly #sessions: SessionManager;
  readonly #compartments: Compartments;

  constructor(sessions: SessionManager, compartments: Compartments) {
    this.#sessions = sessions;
    this.#compartments = compartments;
  }

  /**
   * @param id the client's
   * @returns the response as text. Never rejects
   */
  async answer(caller: Caller, id: RequestId): Promise<string> {
    const { stateless } = this.#sessions;
    const { introductions } = stateless;
    const key = keyOf(caller);
    const kept =
      introductions.of(key) ??
      (await within(
        PATIENCE_MS,
        introductions.ask(key, (goesOn, signal) => this.#ask(caller, goesOn, signal)),
      ));
    // Its lists may have been learned meanwhile, or another version of it may have taken its place.
    const now = this.#sessions.stateless;
    const known = now.answer({ method: DISCOVER, replyId: id }, {});
    if (known !== undefined) return known.body;
    return now === stateless && kept !== undefined ? textWith(kept, id) : now.presumed(id).body;
  }

  #ask(caller: Caller, goesOn: boolean, signal: AbortSignal): Promise<CachedAnswer | undefined> {
    const key = this.#sessions.newRequestKey();
    const request = { key, method: DISCOVER, params: {} };
    const timeoutMs = goesOn ? WAIT_MS + this.#sessions.options.startTimeoutMs : PATIENCE_MS;
    return new Promise((resolve) => {
      let waits = true;
      const leave = (): void => {
        waits = false;
        deadline.clear();
        signal.removeEventListener('abort', leave);
        resolve(undefined);
      };
      const deadline = new Deadline(timeoutMs, leave).unref();
      signal.addEventListener('abort', leave);
      this.#compartments.serve({
        caller,
        chars: 0,
        isGone: () => !waits,
        begin: (compartment) => {
          void askCompartment(compartment, request, true, timeoutMs, signal).then((body) => {
            if (body !== undefined) resolve(aroundId(body, key));
            leave();
          });
        },
        refuse: leave,
      });
    });
  }
}

/** Resolves with `undefined` when the time is over. */
function within<Answer>(ms: number, answer: Promise<Answer | undefined>): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const deadline = new Deadline(ms, () => resolve(undefined)).unref();
    void answer.then((given) => {
      deadline.clear();
      resolve(given);
    });
  });
}

/** A result around the id of its request, which workers write before it; anything else is no answer. */
function aroundId(body: string, id: string): CachedAnswer | undefined {
  const before = '{"jsonrpc":"2.0","id":';
  const start = `${before}${JSON.stringify(id)}`;
  if (!body.startsWith(`${start},"result":`)) return undefined;
  return { before, after: body.slice(start.length), failure: undefined, digest: '' };
}

function textWith({ before, after }: CachedAnswer, id: RequestId): string {
  return `${before}${JSON.stringify(id)}${after}`;
}
