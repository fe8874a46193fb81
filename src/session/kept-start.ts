/**
 * The start of a server whose client has given up on `initialize`. Clients wait 30 or 60 seconds, and a command that
 * downloads its server first may need longer: if its process ended with the session, each attempt would begin anew. So
 * the worker stays until its lists are learned, and later sessions are answered.
 */
import { errorResponse, JSON_RPC } from '../protocol/json-rpc-error.js';
import { Deadline } from '../shared/deadline.js';
import type { SendFrame } from '../shared/frames/from-worker.js';
import { INITIALIZED } from '../shared/initialized.js';
import type { RequestId } from '../shared/request-id.js';
import { notification } from './gap-notices.js';

/** From the answer to `initialize` on. Lists that are not reported by then are not learned. */
const LISTS_MS = 15_000;

/** The worker's binding, as far as it is needed. */
export interface StartingServer {
  reply(body: string): void;
  credit(chars: number): void;
}

export class KeptStart {
  /** Resolves when the worker is no longer needed. */
  readonly over: Promise<void>;
  readonly #initialize: RequestId;
  readonly #server: StartingServer;
  #deadline: Deadline;
  #markOver: () => void = () => {};

  /** @param initialize the id of the request that the server has not answered */
  constructor(initialize: RequestId, server: StartingServer, timeoutMs: number) {
    this.#initialize = initialize;
    this.#server = server;
    this.over = new Promise((resolve) => {
      this.#markOver = resolve;
    });
    this.#deadline = new Deadline(timeoutMs, () => this.stop());
  }

  /** Its lists are known, or will never be, or somebody else needs its place. */
  stop(): void {
    this.#deadline.clear();
    this.#markOver();
  }

  onSend({ kind, id, relatedTo, body, failure }: SendFrame): void {
    this.#server.credit(body.length);
    if (kind === 'request' && id !== undefined)
      return this.#server.reply(errorResponse(id, JSON_RPC.serverError, 'The client is gone.'));
    if (kind !== 'response' || relatedTo !== this.#initialize) return;
    if (failure !== undefined) return this.stop();
    this.#server.reply(notification(INITIALIZED));
    this.#deadline.clear();
    this.#deadline = new Deadline(LISTS_MS, () => this.stop());
  }
}
