/**
 * Requests of the stateless era (2026-07-28, Streamable HTTP): each POST stands for itself. It was classified at the edge;
 * here it is answered from what is known, or given to the compartment that the server's affinity names. Closing its
 * response is its cancellation. There are no event ids and no sessions in this era.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../../auth/principal.js';
import type { Visitor } from '../../auth/visitor.js';
import { Subscriptions } from '../../delivery/subscriptions.js';
import type { StatelessRequest } from '../../protocol/era.js';
import { JSON_RPC, statelessStatus } from '../../protocol/json-rpc-error.js';
import { type Rejection, rejectionResponse } from '../../protocol/rejection.js';
import type { Caller } from '../../session/compartments/compartment.js';
import { Compartments } from '../../session/compartments/compartments.js';
import { Discovery } from '../../session/compartments/discovery.js';
import type { ToolResult } from '../../session/compartments/handle-compartments.js';
import { ListenedCompartments } from '../../session/compartments/listened-compartments.js';
import { isGatewayState, paramsDigest } from '../../session/request-state.js';
import type { Session } from '../../session/session.js';
import { isFields } from '../../shared/fields.js';
import { HANDLE_ARGUMENT } from '../../shared/handle-tools.js';
import type { SessionContext } from '../../shared/session-context.js';
import { DISCOVER, statelessResult } from '../../shared/stateless.js';
import { STATELESS_CODE } from '../../shared/stateless-protocol.js';
import type { RejectionReason } from '../../telemetry/rejection-reason.js';
import { MAX_NAME_CHARS } from '../session-messages.js';
import { admitted } from './admission.js';
import { answered } from './followed-requests.js';
import { HeaderCheck } from './header-check.js';
import { contextOfPrincipal, type HttpTransportCollaborators } from './http-transport.js';
import { headerOf, internalError, noteRejection, reject, sendJson } from './reply.js';
import { readMetadata } from './session-metadata.js';
import { SseStream } from './sse-stream.js';
import { expiryOf } from './stream-expiry.js';

const LISTEN = 'subscriptions/listen';

const STOPPING: Rejection<RejectionReason> = {
  reason: 'draining',
  message: 'The server is shutting down. Listen again in a moment.',
};
const WRONG_RESPONSES = {
  reason: 'invalid_request',
  code: JSON_RPC.invalidParams,
  message: 'Invalid inputResponses: it must be an object, with a response for each key of inputRequests.',
} as const;

export class StatelessHttp {
  readonly #parts: HttpTransportCollaborators;
  readonly #compartments: Compartments;
  readonly #headers: HeaderCheck;
  readonly #discovery: Discovery;
  readonly #subscriptions: Subscriptions;

  constructor(parts: HttpTransportCollaborators) {
    this.#parts = parts;
    const { sessions, streams, events, totals } = parts;
    this.#compartments = new Compartments(sessions, streams);
    this.#headers = new HeaderCheck(sessions);
    this.#discovery = new Discovery(sessions, this.#compartments);
    const listened = new ListenedCompartments(sessions, this.#compartments);
    this.#subscriptions = new Subscriptions(listened, { totals, events });
    listened.listeners = this.#subscriptions;
    sessions.announcements = listened;
  }

  /** Whether the server is served in this era. */
  get served(): boolean {
    return this.#compartments.served;
  }

  request(
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor,
    given: StatelessRequest,
  ): void {
    const { params } = given;
    const { sessions, events } = this.#parts;
    const { server, handleTools } = sessions.options;
    const handle = handleTools === undefined ? undefined : handleIn(params);
    const to = {
      visitor,
      server,
      era: 'stateless',
      sessionId: undefined,
      handle: typeof handle === 'string' ? handle.slice(0, MAX_NAME_CHARS) : undefined,
      batch: false,
    } as const;
    // Before the headers: they would tell of arguments of a tool that the caller must not know.
    const [message] = admitted(this.#parts, request, response, [given.message], to) ?? [];
    if (message === undefined) return;
    const classified = { ...given, message };
    const wrong = this.#headers.rejection(classified, request);
    if (wrong !== undefined) return reject(events, request, response, wrong);
    const known = sessions.stateless.answer(message, params);
    if (
      known !== undefined &&
      (message.method === DISCOVER || !this.#compartments.hasOwnLists(visitor.principal.key))
    ) {
      answered(response, { failure: known.failure, answer: known.body });
      return sendJson(response, statelessStatus(known.failure), known.body);
    }
    let metadata: SessionContext['metadata'];
    try {
      metadata = readMetadata(this.#parts.metadata, request);
    } catch (error) {
      return reject(events, request, response, internalError(error, message.replyId));
    }
    const caller: Caller = {
      ...contextOfPrincipal(visitor.principal),
      metadata,
      userAgent: headerOf(request, 'user-agent')?.slice(0, MAX_NAME_CHARS),
      remoteAddress: visitor.address,
    };
    const { requestState } = params;
    // Any other state belongs to the server.
    if (typeof requestState === 'string' && isGatewayState(requestState))
      return this.#continue(request, response, classified, caller, requestState);
    if (message.method === DISCOVER) return void this.#discover(response, classified, caller);
    if (message.method === LISTEN)
      return this.#listen(request, response, classified, caller, visitor.principal);
    const rejection = sessions.use?.requestRejection(caller);
    if (rejection !== undefined) return this.#refuse(request, response, classified, rejection);
    const overLine = this.#countInLine(caller, response);
    const begin = (compartment: Session, waitedMs: number): void => {
      overLine();
      const id = sessions.newRequestKey();
      const asked = { ...message, id, stateless: true, waitedMs };
      const check = this.#headers.before(classified, request, (rejection) =>
        noteRejection(events, request, rejection.reason, rejection.status),
      );
      compartment.request([asked], false, this.#stream('post', response), check);
    };
    const refuse = (rejection: Rejection<RejectionReason>): void => {
      overLine();
      this.#refuse(request, response, classified, rejection);
    };
    const handled = this.#ofHandle(caller, classified);
    if (handled === undefined) {
      const isGone = (): boolean => {
        if (response.destroyed) message.trace?.finished({ failure: 'cancelled', reason: 'disconnect' });
        return response.destroyed;
      };
      return this.#compartments.serve({ caller, chars: message.body.length, isGone, begin, refuse });
    }
    if ('reason' in handled) return refuse(handled);
    if ('content' in handled) {
      overLine();
      return this.#answer(response, classified, handled);
    }
    begin(handled, 0);
  }

  /**
   * A request that waits for its compartment is in flight, too.
   * @returns what ends that, and may be called again
   */
  #countInLine(caller: Caller, response: ServerResponse): () => void {
    const { use } = this.#parts.sessions;
    if (use === undefined) return () => {};
    use.onRequest(caller);
    let counted = true;
    const over = (): void => {
      if (counted) use.onRequestOver(caller);
      counted = false;
    };
    // Its client may leave before it has one.
    response.once('close', over);
    return over;
  }

  async #discover(response: ServerResponse, { message }: StatelessRequest, caller: Caller): Promise<void> {
    const body = await this.#discovery.answer(caller, message.replyId);
    sendJson(response, 200, body);
  }

  /** The client wants to be told of changes. Its stream is no work: a drain does not wait for it, but ends it. */
  #listen(
    request: IncomingMessage,
    response: ServerResponse,
    classified: StatelessRequest,
    caller: Caller,
    principal: Principal,
  ): void {
    if (this.#parts.sessions.draining) return this.#refuse(request, response, classified, STOPPING);
    const { message, params } = classified;
    message.trace?.finished({});
    this.#subscriptions.listen(
      { id: message.replyId, params },
      caller,
      this.#stream('listen', response, principal),
    );
  }

  /**
   * With affinity `handle`: the compartment of the handle that a call has passed, or what one of the gateway's own tools
   * answers, or why it cannot. `undefined`: the call has no handle.
   */
  #ofHandle(
    caller: Caller,
    { message, params }: StatelessRequest,
  ): Session | ToolResult | Rejection<RejectionReason> | undefined {
    const { ofHandles } = this.#compartments;
    if (ofHandles === undefined || message.method !== 'tools/call') return undefined;
    const handle = handleIn(params);
    const { open, close } = ofHandles.tools;
    if (message.tool === open) return ofHandles.open(caller);
    if (message.tool === close) return ofHandles.close(handle, caller.principal);
    if (handle === undefined || handle === null) return undefined;
    const found = ofHandles.find(handle, caller.principal);
    return 'result' in found ? found.result : found.compartment;
  }

  #answer(response: ServerResponse, { message }: StatelessRequest, result: ToolResult): void {
    const { serverInfo } = this.#parts.sessions.stateless;
    const complete = statelessResult(message.method, { ...result }, { serverInfo }, 'single');
    sendJson(response, 200, JSON.stringify({ jsonrpc: '2.0', id: message.replyId, result: complete }));
  }

  /** The client has what a parked call has asked for. */
  #continue(
    request: IncomingMessage,
    response: ServerResponse,
    classified: StatelessRequest,
    caller: Caller,
    state: string,
  ): void {
    const { message, params } = classified;
    const { sessions } = this.#parts;
    const { inputResponses = {} } = params;
    // Before the state is used up.
    if (!isFields(inputResponses)) return this.#refuse(request, response, classified, WRONG_RESPONSES);
    const { server, handleTools } = sessions.options;
    const { principal } = caller;
    const byHandle =
      handleTools !== undefined && message.method === 'tools/call' && (handleIn(params) ?? null) !== null;
    const sharedBy = this.#compartments.sharedBy(caller, byHandle);
    const bound = { server, principal, sharedBy, method: message.method, digest: paramsDigest(params) };
    const found = sessions.parked.take(state, bound);
    if ('reason' in found) return this.#refuse(request, response, classified, found);
    const { key, owner } = found;
    owner.continueCall({ ...message, id: key, stateless: true }, this.#stream('post', response));
  }

  /** A JSON-RPC error over 200: clients show any other status to the model without a message. */
  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    { message }: StatelessRequest,
    rejection: Rejection<RejectionReason>,
  ): void {
    noteRejection(this.#parts.events, request, rejection.reason, 200);
    const { replyId: id } = message;
    const answer = rejectionResponse({ code: STATELESS_CODE.gateway, ...rejection, id });
    const failure = String(rejection.code ?? STATELESS_CODE.gateway);
    answered(response, { failure, reason: rejection.reason, answer });
    sendJson(response, 200, answer);
  }

  /** @param principal whose credential limits the stream */
  #stream(kind: 'post' | 'listen', response: ServerResponse, principal?: Principal): SseStream {
    const { keepAliveMs, events, output } = this.#parts;
    return new SseStream({
      kind,
      response,
      sessionId: undefined,
      keepAliveMs,
      events,
      output,
      statusOf: statelessStatus,
      ...(principal !== undefined && expiryOf(principal)),
    });
  }
}

function handleIn({ arguments: given }: StatelessRequest['params']): unknown {
  return isFields(given) ? given[HANDLE_ARGUMENT] : undefined;
}
