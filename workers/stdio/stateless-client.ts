/**
 * A client of the stateless era. The program knows its requests by the gateway's keys; what the program asks becomes round
 * trips (2026-07-28, Multi Round-Trip Requests).
 */
import { isFields } from '../../src/shared/fields.js';
import type { InputRequiredFrame } from '../../src/shared/frames/from-worker.js';
import type { MessageFrame, ResumeFrame } from '../../src/shared/frames/to-worker.js';
import type { RequestId } from '../../src/shared/request-id.js';
import { type AnyResponse, responseFailure } from '../../src/shared/response-failure.js';
import { MAY_ASK } from '../../src/shared/stateless.js';
import { withId } from '../exchanged-id.js';
import { inputFault } from '../stateless/input-fault.js';
import {
  progressText,
  questionIn,
  requestText,
  responseText,
  resultTail,
} from '../stateless/message-text.js';
import { type Answer, type AskingCall, RoundTrips, type RoundTripsOwner } from '../stateless/round-trips.js';
import type {
  ServerResponse as Response,
  StatelessCalls,
  StatelessMessage,
} from '../stateless/stateless-calls.js';
import { topicOf } from '../topic.js';
import type { ClientRequests } from './client-requests.js';
import type { ArrivedMessage, ClientSide, ClientSideOwner, Fields } from './client-side.js';
import type { LargeLineContext } from './large-line.js';
import {
  notificationFrame,
  responseFrame,
  type ServerNotification,
  type ServerRequest,
  type ServerResponse,
} from './server-message.js';

const PONG = '{"jsonrpc":"2.0","id":0,"result":{}}';

export class StatelessClient implements ClientSide, RoundTripsOwner {
  readonly #owner: ClientSideOwner;
  readonly #requests: ClientRequests;
  readonly #calls: StatelessCalls;
  readonly #trips = new RoundTrips(this);

  constructor(requests: ClientRequests, calls: StatelessCalls, owner: ClientSideOwner) {
    this.#requests = requests;
    this.#calls = calls;
    this.#owner = owner;
  }

  get asked(): boolean {
    return this.#trips.open;
  }

  get largeLineContext(): LargeLineContext {
    const { introduction, handleTools } = this.#calls;
    return {
      toolLists: this.#requests.toolLists,
      stateless: { methods: this.#requests.methods, introduction, handleTools },
    };
  }

  arrived({ key, body, stateless }: MessageFrame): ArrivedMessage | undefined {
    const given = JSON.parse(body) as Fields;
    // The gateway's own.
    if (!stateless) return { message: given, body };
    const message = this.#calls.arrived(key, given as unknown as StatelessMessage);
    const fault = inputFault(message.params);
    if (fault !== undefined) return this.#answers(key, { error: fault });
    const result = this.#calls.ownResult(message);
    if (result !== undefined) return this.#answers(key, { result });
    this.#trips.began(key);
    const text = requestText(body, key, this.#handled(message));
    if (message.params?.inputResponses === undefined)
      return { message: message as unknown as Fields, body: text };
    const { inputResponses, ...params } = message.params;
    this.#trips.answeredEarly(key, inputResponses as Fields);
    return { message: { ...message, params }, body: text };
  }

  #handled({ method }: StatelessMessage): boolean {
    return this.#calls.handleTools !== undefined && method === 'tools/call';
  }

  resumed({ key, body }: ResumeFrame): void {
    const message = JSON.parse(body) as StatelessMessage;
    if (!this.#calls.continued(key, message)) return;
    const { inputResponses } = message.params ?? {};
    this.#trips.resume(key, isFields(inputResponses) ? inputResponses : {});
  }

  /** In this era clients send no responses. */
  answered(): undefined {}

  responds(response: ServerResponse, id: RequestId, method: string, body: string): void {
    const call = this.#calls.get(id);
    if (call === undefined) return this.#owner.send(responseFrame(response, id, body, false));
    if (this.#trips.holds(id, () => this.responds(response, id, method, body))) return;
    this.#trips.over(id);
    const { message, outlined } = response;
    if ('error' in message) return this.#respond(id, message);
    const tail = outlined
      ? body
      : resultTail(body, method, this.#calls.introduction, this.#calls.handleTools);
    const text = responseText(call.id, tail);
    if (method === 'tools/list' && !outlined) this.#owner.given(toolsIn(text));
    this.#calls.over(id);
    this.#owner.send(responseFrame(response, id, text, false));
  }

  asks({ id, method, question }: ServerRequest, body: string): void {
    if (method === 'ping') return this.#owner.write(withId(PONG, id));
    const key = this.#requests.latest((run) => MAY_ASK.has(run.method));
    this.#trips.ask(key, question ?? questionIn(body, id, method));
  }

  tells(notification: ServerNotification, body: string, reported: boolean): void {
    const { method, params } = notification;
    switch (method) {
      case 'notifications/cancelled':
        return this.#trips.withdraw(params.requestId as RequestId);
      case 'notifications/progress':
        return this.#progress(notification, body);
      case 'notifications/message': {
        // stdio does not say to which request it belongs.
        const key = this.#calls.only;
        if (this.#calls.wantsLog(key, params.level))
          this.#owner.send(notificationFrame(notification, key, body));
        return;
      }
      default: {
        const topic = topicOf(method, params);
        // Otherwise each program that adds to its lists while it starts would announce that.
        if (topic !== undefined && !reported)
          this.#owner.send({ ...notificationFrame(notification, undefined, body), topic });
      }
    }
  }

  cancelled(id: RequestId): void {
    this.#trips.over(id);
    this.#calls.over(id);
  }

  get serverInfo(): unknown {
    return this.#calls.introduction.serverInfo;
  }

  call(key: RequestId): AskingCall | undefined {
    return this.#calls.get(key);
  }

  post(frame: InputRequiredFrame): void {
    this.#owner.send(frame);
  }

  answer(answer: Answer): void {
    this.#owner.write(JSON.stringify(answer));
  }

  onUnanswerable(key: RequestId): void {
    this.#calls.over(key);
  }

  #progress(notification: ServerNotification, body: string): void {
    const key = this.#requests.withToken(notification.params.progressToken);
    const progressToken = key === undefined ? undefined : this.#calls.get(key)?.progressToken;
    if (progressToken === undefined) return;
    this.#owner.send(notificationFrame(notification, key, progressText(body, progressToken)));
  }

  /** In the program's place. */
  #answers(key: string, answer: Pick<Response, 'result' | 'error'>): undefined {
    this.#respond(key, answer);
  }

  #respond(key: RequestId, answer: Pick<Response, 'result' | 'error'>): void {
    const response = this.#calls.response({ jsonrpc: '2.0', id: key, ...answer });
    if (response === undefined) return;
    const failure = responseFailure(response as AnyResponse);
    const body = JSON.stringify(response);
    this.#owner.send({ type: 'send', kind: 'response', id: key, relatedTo: key, body, ...failure });
  }
}

/** In a response to `tools/list`, as the client sees it. */
function toolsIn(body: string): unknown {
  return (JSON.parse(body) as { readonly result?: { readonly tools?: unknown } | null }).result?.tools;
}
