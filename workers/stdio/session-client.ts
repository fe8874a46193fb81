/**
 * A client of the session era. Its ids are passed on unchanged. The program's own ids are replaced by ids of the session: a
 * program that was restarted counts from 0 again, and its client may still be answering its predecessor.
 */
import type { MessageFrame, ResumeFrame } from '../../src/shared/frames/to-worker.js';
import { isRequestId, type RequestId } from '../../src/shared/request-id.js';
import { withId } from '../exchanged-id.js';
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

export class SessionClient implements ClientSide {
  readonly #owner: ClientSideOwner;
  readonly #requests: ClientRequests;
  /** Requests of the server to its client: the server's own ids, by the session's id. */
  readonly #asked = new Map<RequestId, RequestId>();
  #nextRequestId: number;

  /** @param firstRequestId where the ids of the program's requests begin, as the client sees them */
  constructor(requests: ClientRequests, firstRequestId: number, owner: ClientSideOwner) {
    this.#requests = requests;
    this.#nextRequestId = firstRequestId;
    this.#owner = owner;
  }

  get asked(): boolean {
    return this.#asked.size > 0;
  }

  get largeLineContext(): LargeLineContext {
    return { toolLists: this.#requests.toolLists, nextRequestId: this.#nextRequestId };
  }

  arrived({ body }: MessageFrame): ArrivedMessage {
    return { message: JSON.parse(body) as Fields, body };
  }

  answered({ message: { id }, body }: ArrivedMessage): string | undefined {
    const theirs = isRequestId(id) ? this.#asked.get(id) : undefined;
    if (theirs === undefined) return undefined;
    this.#asked.delete(id as RequestId);
    return withId(body, theirs);
  }

  responds(response: ServerResponse, id: RequestId, method: string, body: string): void {
    this.#owner.send(responseFrame(response, id, body, method === 'initialize'));
  }

  asks({ id: theirs, outlined }: ServerRequest, body: string): void {
    const id = this.#nextRequestId;
    this.#nextRequestId += 1;
    this.#asked.set(id, theirs);
    const text = outlined ? body : withId(body, id);
    this.#owner.send({ type: 'send', kind: 'request', id, relatedTo: this.#requests.latest(), body: text });
  }

  tells(notification: ServerNotification, body: string): void {
    const { method, params } = notification;
    if (method === 'notifications/cancelled') return this.#withdraw(method, params);
    const isProgress = method === 'notifications/progress';
    const relatedTo = isProgress ? this.#requests.withToken(params.progressToken) : undefined;
    // It belongs to a request that is over, so nobody would read it.
    if (isProgress && relatedTo === undefined) return;
    this.#owner.send(notificationFrame(notification, relatedTo, body));
  }

  resumed({ key }: ResumeFrame): void {
    throw new TypeError(`no request ${key} is parked`);
  }

  /** Its client is told by the main thread. */
  cancelled(_id: RequestId): void {}

  #withdraw(method: string, params: Fields): void {
    const id = this.#askedAs(params.requestId);
    if (id === undefined) return;
    this.#asked.delete(id);
    const body = JSON.stringify({ jsonrpc: '2.0', method, params: { ...params, requestId: id } });
    this.#owner.send({ type: 'send', kind: 'notification', id, relatedTo: undefined, body });
  }

  #askedAs(theirs: unknown): RequestId | undefined {
    for (const [id, original] of this.#asked) if (original === theirs) return id;
    return undefined;
  }
}
