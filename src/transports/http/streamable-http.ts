/**
 * The server side of the Streamable HTTP transport: POST, GET and DELETE of one endpoint (MCP 2025-11-25, 2025-06-18
 * and 2025-03-26, Transports). Its rejections are
 *
 * - 400 for what is not JSON-RPC, has no session id although one is needed, or has an unknown protocol version;
 * - 404 for an unknown session, after which a client initializes again;
 * - 405 for other methods, 406 for a client that does not accept both JSON and SSE, 413 and 415 for bodies that are not
 *   read;
 * - 503 with Retry-After for a new session when there is no room. Never 429: Claude Code would not try again.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LATEST_PROTOCOL_VERSION, SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js';
import type { Principal } from '../../auth/principal.js';
import type { Visitor } from '../../auth/visitor.js';
import { parseEventId } from '../../delivery/event-id.js';
import { answerLost } from '../../delivery/session-streams.js';
import type { ClientMessage, ClientRequest } from '../../protocol/client-message.js';
import { classify, type EraPolicy } from '../../protocol/era.js';
import { JSON_RPC } from '../../protocol/json-rpc-error.js';
import { rejectionResponse } from '../../protocol/rejection.js';
import type { Session } from '../../session/session.js';
import type { SessionContext } from '../../shared/session-context.js';
import { STATELESS_VERSIONS } from '../../shared/stateless-protocol.js';
import { identified, openingOf, tellSession } from '../session-messages.js';
import { admitted, auditUnknownSession } from './admission.js';
import { answered } from './followed-requests.js';
import { consumerOf, contextOf, type HttpTransportCollaborators } from './http-transport.js';
import { acceptsAll } from './media-type.js';
import { messagesIn, readJson, TOO_MUCH_WAITS } from './messages.js';
import { type HttpRejection, headerOf, internalError, reject, sendJson } from './reply.js';
import { readMetadata } from './session-metadata.js';
import { SseStream } from './sse-stream.js';
import { StatelessHttp } from './stateless-http.js';
import { expiryOf } from './stream-expiry.js';

/** JSON-RPC batches existed up to 2025-03-26 (2025-06-18, Key Changes). */
const LAST_VERSION_WITH_BATCHES = '2025-03-26';

export class StreamableHttp {
  readonly #parts: HttpTransportCollaborators;
  readonly #stateless: StatelessHttp;

  constructor(parts: HttpTransportCollaborators) {
    this.#parts = parts;
    this.#stateless = new StatelessHttp(parts);
  }

  /** Another version of the server may have another affinity. */
  get #eraPolicy(): EraPolicy {
    const { lenientVersionHeader } = this.#parts;
    return { stateless: this.#stateless.served, lenientVersionHeader };
  }

  handle(request: IncomingMessage, response: ServerResponse, visitor: Visitor): void {
    if (request.method !== 'POST' && this.#stateless.served && isStateless(request)) {
      return this.#reject(request, response, {
        status: 405,
        reason: 'method_not_allowed',
        message:
          'Method not allowed: protocol version 2026-07-28 has neither sessions nor GET streams; send POST',
        headers: { allow: 'POST' },
      });
    }
    switch (request.method) {
      case 'POST':
        return this.#post(request, response, visitor);
      case 'GET':
        return this.#get(request, response, visitor);
      case 'DELETE':
        return this.#delete(request, response, visitor);
      default:
        this.#reject(request, response, {
          status: 405,
          reason: 'method_not_allowed',
          message: 'Method not allowed: this endpoint takes POST, GET and DELETE',
          headers: { allow: 'GET, POST, DELETE' },
        });
    }
  }

  #post(request: IncomingMessage, response: ServerResponse, visitor: Visitor): void {
    if (isStateless(request)) return this.#read(request, response, visitor);
    if (!acceptsAll(request.headers.accept, ['application/json', 'text/event-stream'])) {
      return this.#reject(request, response, {
        status: 406,
        reason: 'not_acceptable',
        message: 'Not Acceptable: Client must accept both application/json and text/event-stream',
      });
    }
    // An unknown session is rejected before megabytes of body are read and parsed. A forgiven header says nothing of the body.
    if (headerOf(request, 'mcp-session-id') !== undefined && !this.#parts.lenientVersionHeader) {
      const wrongVersion = this.#unknownVersion(request, []);
      if (wrongVersion !== undefined) return this.#reject(request, response, wrongVersion);
      if (this.#session(request, response, visitor, []) === undefined) return;
    }
    this.#read(request, response, visitor);
  }

  #read(request: IncomingMessage, response: ServerResponse, visitor: Visitor): void {
    readJson(this.#parts, request, response, (text) => {
      const parsed = messagesIn(text, this.#parts.events, request, response);
      if (parsed === undefined) return;
      const classified = classify(parsed, request, this.#eraPolicy);
      if ('status' in classified) return this.#reject(request, response, classified);
      if (classified.era === 'session')
        return this.#messages(request, response, visitor, parsed.messages, parsed.batch);
      if (classified.kind === 'request')
        return this.#stateless.request(request, response, visitor, classified);
      // The revision has no notification of a client over HTTP.
      response.writeHead(202).end();
    });
  }

  #messages(
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor,
    messages: readonly ClientMessage[],
    batch: boolean,
  ): void {
    const opening = openingOf(messages);
    if (opening !== undefined) {
      return this.#initialize(request, response, visitor, opening, messages.length);
    }
    const discovery = discoveryOf(request, messages, this.#stateless.served);
    if (discovery !== undefined) return this.#reject(request, response, discovery);
    const wrongVersion = this.#unknownVersion(request, messages);
    if (wrongVersion !== undefined) return this.#reject(request, response, wrongVersion);
    // Again: the session may have ended while the body arrived.
    const session = this.#session(request, response, visitor, messages);
    if (session === undefined) return;
    if (batch && session.context.protocolVersion > LAST_VERSION_WITH_BATCHES) {
      return this.#reject(request, response, {
        status: 400,
        reason: 'invalid_request',
        code: JSON_RPC.invalidRequest,
        message: `Invalid Request: protocol version ${session.context.protocolVersion} has no batches; send one message per POST`,
      });
    }
    const asked = messages.filter((message) => message.kind === 'request');
    const to = {
      visitor,
      server: session.context.server,
      era: 'session',
      sessionId: session.id,
      batch,
      messages,
    } as const;
    const requests = admitted(this.#parts, request, response, asked, to);
    if (requests === undefined) return;
    if (!tellSession(session, messages)) {
      return this.#reject(request, response, TOO_MUCH_WAITS);
    }
    if (requests.length === 0) {
      response.writeHead(202, { 'mcp-session-id': session.id }).end();
      return;
    }
    if (this.#parts.sessions.draining) return this.#rejectWhileDraining(response, requests, batch);
    session.request(requests, batch, this.#stream('post', response, session));
  }

  /** A JSON-RPC error over 200: clients show any other status to the model without a message. */
  #rejectWhileDraining(response: ServerResponse, requests: readonly ClientRequest[], batch: boolean): void {
    const message = 'The server is shutting down. Call again in a moment.';
    const errors = requests.map(({ id }) => rejectionResponse({ reason: 'draining', message, id }));
    answered(response, { failure: String(JSON_RPC.serverError), reason: 'draining' });
    sendJson(response, 200, batch ? `[${errors.join(',')}]` : (errors[0] ?? ''));
  }

  #initialize(
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor,
    asked: ClientRequest,
    messages: number,
  ): void {
    let opening = asked;
    if (messages > 1) {
      return this.#reject(request, response, {
        status: 400,
        reason: 'invalid_request',
        code: JSON_RPC.invalidRequest,
        message: 'Invalid Request: Only one initialization request is allowed',
        id: opening.id,
      });
    }
    if (headerOf(request, 'mcp-session-id') !== undefined) {
      if (this.#session(request, response, visitor, [opening]) === undefined) return;
      return this.#reject(request, response, {
        status: 400,
        reason: 'invalid_request',
        code: JSON_RPC.invalidRequest,
        message: 'Invalid Request: Server already initialized. Open a new session without Mcp-Session-Id.',
        id: opening.id,
      });
    }
    const { sessions } = this.#parts;
    const to = {
      visitor,
      server: sessions.options.server,
      era: 'session',
      sessionId: undefined,
      batch: false,
    } as const;
    const served = admitted(this.#parts, request, response, [opening], to);
    if (served === undefined) return;
    opening = served[0] ?? asked;
    const rejection = sessions.rejectionOf(consumerOf(visitor));
    if (rejection !== undefined)
      return this.#reject(request, response, { status: 503, ...rejection, id: opening.id });
    let metadata: SessionContext['metadata'];
    try {
      metadata = readMetadata(this.#parts.metadata, request);
    } catch (error) {
      return this.#reject(request, response, internalError(error, opening.id));
    }
    const context = contextOf(request, 'streamable-http', visitor, metadata);
    const session = sessions.open(context, this.#parts.streams);
    const stream = this.#stream('post', response, session);
    session.initialize(opening, identified(session.context, opening), stream);
  }

  #get(request: IncomingMessage, response: ServerResponse, visitor: Visitor): void {
    if (!acceptsAll(request.headers.accept, ['text/event-stream'])) {
      return this.#reject(request, response, {
        status: 406,
        reason: 'not_acceptable',
        message: 'Not Acceptable: Client must accept text/event-stream',
      });
    }
    const wrongVersion = this.#unknownVersion(request, []);
    if (wrongVersion !== undefined) return this.#reject(request, response, wrongVersion);
    const lastEventId = headerOf(request, 'last-event-id');
    const cursor = lastEventId === undefined || lastEventId === '' ? undefined : parseEventId(lastEventId);
    if (lastEventId !== undefined && lastEventId !== '' && cursor === undefined) {
      return this.#reject(request, response, {
        status: 400,
        reason: 'invalid_request',
        message: 'Invalid Last-Event-ID: it is not an event id of this server. Open the stream without it.',
      });
    }
    const sessionId = headerOf(request, 'mcp-session-id');
    if (cursor !== undefined && cursor.requestIds.length > 0 && sessionId !== undefined) {
      const known = this.#parts.sessions.find(sessionId, visitor.principal.key);
      if (known === undefined) {
        this.#auditUnknown(visitor, sessionId);
        const connection = this.#sse('post', response, sessionId);
        this.#parts.events.emit('stream-resumed', { kind: 'post', replayed: 0, lost: true });
        return answerLost(cursor, connection, 'its session is gone');
      }
    }
    const session = this.#session(request, response, visitor, []);
    if (session === undefined) return;
    const kind = cursor === undefined || cursor.stream === 'get' ? 'get' : 'post';
    const stream = this.#stream(kind, response, session, kind === 'get' ? visitor.principal : undefined);
    if (cursor === undefined) session.listen(stream);
    else session.resume(cursor, stream);
  }

  #delete(request: IncomingMessage, response: ServerResponse, visitor: Visitor): void {
    const wrongVersion = this.#unknownVersion(request, []);
    if (wrongVersion !== undefined) return this.#reject(request, response, wrongVersion);
    const session = this.#session(request, response, visitor, []);
    if (session === undefined) return;
    void session.end('delete');
    response.writeHead(200).end();
  }

  /** The session that the request names, or `undefined` if the request was rejected. */
  #session(
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor,
    messages: readonly ClientMessage[],
  ): Session | undefined {
    const sessionId = headerOf(request, 'mcp-session-id');
    const id = requestIdOf(messages);
    if (sessionId === undefined) {
      this.#reject(request, response, { ...SESSION_REQUIRED, id });
      return undefined;
    }
    const session = this.#parts.sessions.find(sessionId, visitor.principal.key);
    if (session !== undefined && session.context.transport === 'streamable-http') return session;
    this.#auditUnknown(visitor, sessionId);
    this.#reject(request, response, {
      status: 404,
      reason: 'session_unknown',
      code: JSON_RPC.sessionNotFound,
      message: 'Session not found: it has ended. Send initialize without Mcp-Session-Id to open a new one.',
      id,
    });
    return undefined;
  }

  #auditUnknown(visitor: Visitor, sessionId: string): void {
    auditUnknownSession(this.#parts.audit, visitor, this.#parts.sessions.options.server, sessionId);
  }

  #unknownVersion(request: IncomingMessage, messages: readonly ClientMessage[]): HttpRejection | undefined {
    const version = headerOf(request, 'mcp-protocol-version');
    if (version === undefined || SUPPORTED_PROTOCOL_VERSIONS.includes(version)) return undefined;
    return {
      status: 400,
      reason: 'protocol_version',
      message:
        `Bad Request: Unsupported protocol version: ${version.slice(0, 50)} ` +
        `(supported versions: ${SUPPORTED_PROTOCOL_VERSIONS.join(', ')})`,
      id: requestIdOf(messages),
    };
  }

  /** @param principal whose credential limits the stream */
  #stream(
    kind: 'post' | 'get',
    response: ServerResponse,
    session: Session,
    principal?: Principal,
  ): SseStream {
    return this.#sse(kind, response, session.id, principal);
  }

  #sse(kind: 'post' | 'get', response: ServerResponse, sessionId: string, principal?: Principal): SseStream {
    const { keepAliveMs, events, output } = this.#parts;
    const expiry = principal === undefined ? {} : expiryOf(principal);
    return new SseStream({ kind, response, sessionId, keepAliveMs, events, output, ...expiry });
  }

  #reject(request: IncomingMessage, response: ServerResponse, rejection: HttpRejection): void {
    reject(this.#parts.events, request, response, rejection);
  }
}

/** Whether the header names a version of the stateless era; the body decides. */
function isStateless(request: IncomingMessage): boolean {
  const version = headerOf(request, 'mcp-protocol-version');
  return version !== undefined && STATELESS_VERSIONS.includes(version);
}

function requestIdOf(messages: readonly ClientMessage[]): string | number | null {
  const [message] = messages;
  return message?.kind === 'request' ? message.id : null;
}

/**
 * `server/discover` is the first question of a client that prefers the next revision. After this answer it falls back
 * to `initialize`. That is not a mistake of the client, so it is not counted as an unknown protocol version.
 * @param served whether the server is served in that revision: then the request lacks its `_meta`
 */
function discoveryOf(
  request: IncomingMessage,
  messages: readonly ClientMessage[],
  served: boolean,
): HttpRejection | undefined {
  const [message] = messages;
  if (message?.kind !== 'request' || message.method !== 'server/discover') return undefined;
  if (headerOf(request, 'mcp-session-id') !== undefined) return undefined;
  const advice = served
    ? `in protocol version ${STATELESS_VERSIONS.join(' or ')} it has the version in params._meta; older ones begin with initialize`
    : `this server speaks ${LATEST_PROTOCOL_VERSION} and older: send initialize`;
  return {
    status: 400,
    reason: 'discover',
    code: JSON_RPC.methodNotFound,
    message: `Method not found: server/discover; ${advice}`,
    id: message.id,
  };
}

const SESSION_REQUIRED: HttpRejection = {
  status: 400,
  reason: 'session_required',
  message: 'Bad Request: Mcp-Session-Id header is required. Send initialize to open a session.',
};
