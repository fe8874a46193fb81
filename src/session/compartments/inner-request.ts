/** Requests of the gateway itself to the server of a compartment, as if a client had sent them. */
import type { ConnectionOwner, StreamConnection } from '../../delivery/stream-connection.js';
import type { ClientRequest } from '../../protocol/client-message.js';
import { Deadline } from '../../shared/deadline.js';

export interface AskedCompartment {
  request(requests: readonly ClientRequest[], batch: boolean, connection: StreamConnection): void;
}

/**
 * @param stateless whether the request is of the stateless era
 * @param timeoutMs then the request is cancelled
 * @param signal the same when it is aborted, which it is not yet
 * @returns the response; `undefined` if there is none
 */
export function askCompartment(
  compartment: AskedCompartment,
  { key, method, params }: { readonly key: string; readonly method: string; readonly params: object },
  stateless: boolean,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: key, method, params });
  const request: ClientRequest = {
    kind: 'request',
    id: key,
    replyId: key,
    method,
    tool: undefined,
    fastPath: false,
    stateless,
    progressToken: undefined,
    params: undefined,
    body,
  };
  return new Promise((resolve) => {
    const connection = new InnerConnection(resolve, timeoutMs, signal);
    compartment.request([request], false, connection);
  });
}

/** The last message that is written is the response. */
class InnerConnection implements StreamConnection {
  owner: ConnectionOwner | undefined;
  readonly #resolve: (body: string | undefined) => void;
  readonly #deadline: Deadline;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#giveUp();
  #last: string | undefined;

  constructor(
    resolve: (body: string | undefined) => void,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ) {
    this.#resolve = resolve;
    this.#signal = signal;
    this.#deadline = new Deadline(timeoutMs, () => this.#giveUp(), 'again').unref();
    signal?.addEventListener('abort', this.#onAbort);
  }

  /** As a client that goes away. */
  #giveUp(): void {
    this.#close(undefined);
    this.owner?.onClose(this);
  }

  answer(body: string): boolean {
    this.#last = body;
    return this.end();
  }

  fail(): void {
    this.end();
  }

  nothing(): void {
    this.end();
  }

  open(): void {}

  write(_id: string | undefined, body: string): boolean {
    this.#last = body;
    return true;
  }

  end(): boolean {
    this.#close(this.#last);
    return true;
  }

  #close(body: string | undefined): void {
    this.#deadline.clear();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#resolve(body);
  }
}
