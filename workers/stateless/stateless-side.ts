/**
 * A client of the stateless era, as the transport of a server that speaks the session era has it: its requests become those
 * of a session, and what the server says becomes what this era has.
 */
import { isFields } from '../../src/shared/fields.js';
import type { InputRequiredFrame } from '../../src/shared/frames/from-worker.js';
import type { ResumeFrame } from '../../src/shared/frames/to-worker.js';
import type { RequestId } from '../../src/shared/request-id.js';
import { inputFault } from './input-fault.js';
import { questionFacts } from './questions.js';
import { type Answer, type AskingCall, RoundTrips, type RoundTripsOwner } from './round-trips.js';
import { type ServerResponse, StatelessCalls, type StatelessMessage } from './stateless-calls.js';

type Fields = Readonly<Record<string, unknown>>;

/** A request or a notification of the server. */
export interface ServerCall {
  readonly method: string;
  readonly id?: unknown;
  readonly params?: Fields | undefined;
}

export interface StatelessSideOwner {
  /** A message of the client for the server: the response to its request. */
  receive(answer: Answer): void;
  /** A response that the gateway gives in the server's place; it has the request's key as its id. */
  respond(response: ServerResponse): void;
  /** Posts the frame; what is in it costs credit. */
  ask(frame: InputRequiredFrame): void;
}

export class StatelessSide implements RoundTripsOwner {
  readonly calls = new StatelessCalls();
  readonly #owner: StatelessSideOwner;
  readonly #trips = new RoundTrips(this);

  constructor(owner: StatelessSideOwner) {
    this.#owner = owner;
  }

  /** Whether the server waits for its client. */
  get asked(): boolean {
    return this.#trips.open;
  }

  /**
   * @param asItIs whether the server speaks this era: it makes and reads `requestState` and `inputResponses` itself
   * @returns the request as the server knows it; `undefined` if it has been answered
   */
  arrived(key: string, message: StatelessMessage, asItIs = false): StatelessMessage | undefined {
    const request = this.calls.arrived(key, message);
    const fault = asItIs ? undefined : inputFault(message.params);
    if (fault !== undefined) {
      this.#owner.respond({ jsonrpc: '2.0', id: key, error: fault });
      return undefined;
    }
    const result = this.calls.ownResult(request);
    if (result !== undefined) {
      this.#owner.respond({ jsonrpc: '2.0', id: key, result });
      return undefined;
    }
    if (asItIs) return request;
    this.#trips.began(key);
    if (request.params?.inputResponses === undefined) return request;
    const { inputResponses, ...params } = request.params;
    this.#trips.answeredEarly(key, inputResponses as Fields);
    return { ...request, params };
  }

  /** The client continues a call that waits for it. */
  resumed({ key, body }: ResumeFrame): void {
    const message = JSON.parse(body) as StatelessMessage;
    if (!this.calls.continued(key, message)) return;
    const { inputResponses } = message.params ?? {};
    this.#trips.resume(key, isFields(inputResponses) ? inputResponses : {});
  }

  /**
   * A request or a notification of the server.
   * @param relatedTo the request that it belongs to, as far as that is known
   * @returns what its client is sent; `undefined`: nothing
   */
  forClient<Message extends ServerCall>(
    message: Message,
    relatedTo: RequestId | undefined,
  ): Message | undefined {
    const { method, id, params } = message;
    if (id !== undefined) {
      this.#asks(id as RequestId, method, params, relatedTo);
      return undefined;
    }
    switch (method) {
      case 'notifications/cancelled':
        this.#trips.withdraw(params?.requestId as RequestId);
        return undefined;
      case 'notifications/progress': {
        const progressToken = this.calls.get(params?.progressToken as RequestId)?.progressToken;
        return progressToken === undefined ? undefined : { ...message, params: { ...params, progressToken } };
      }
      // This era has no ids of elicitations.
      case 'notifications/elicitation/complete':
        return undefined;
      default:
        return message;
    }
  }

  /** Whether the client of this request is not there, and what it is to be sent has to wait. */
  parked(key: RequestId): boolean {
    return this.#trips.parked(key);
  }

  /**
   * Whether the response to this request has to wait, because its client is not there.
   * @param send sends it when the client has come back
   */
  holds(key: RequestId, send: () => void): boolean {
    return this.#trips.holds(key, send);
  }

  /** The request has been answered or cancelled. */
  over(key: RequestId): void {
    this.calls.over(key);
    this.#trips.over(key);
  }

  get serverInfo(): unknown {
    return this.calls.introduction.serverInfo;
  }

  call(key: RequestId): AskingCall | undefined {
    return this.calls.get(key);
  }

  post(frame: InputRequiredFrame): void {
    this.#owner.ask(frame);
  }

  answer(answer: Answer): void {
    this.#owner.receive(answer);
  }

  onUnanswerable(key: RequestId): void {
    this.calls.over(key);
  }

  /** @param relatedTo `undefined`: the server does not say, and it is the only request, if there is just one */
  #asks(id: RequestId, method: string, params: unknown, relatedTo: RequestId | undefined): void {
    if (method === 'ping') return queueMicrotask(() => this.answer({ jsonrpc: '2.0', id, result: {} }));
    const text = JSON.stringify({ method, params });
    // Many servers ask for roots when they have been initialized.
    const optional = relatedTo === undefined && method === 'roots/list';
    const question = { id, facts: questionFacts(method, params), text, optional };
    this.#trips.ask(relatedTo ?? this.calls.only, question);
  }
}
