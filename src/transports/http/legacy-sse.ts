/**
 * The HTTP+SSE transport of 2024-11-05. GET /sse opens the session and its one stream, whose first event contains the
 * address for POST. All messages of the server, including answers, go over that stream. It cannot be resumed: when it
 * closes, the session ends.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Visitor } from '../../auth/visitor.js';
import type { ClientRequest } from '../../protocol/client-message.js';
import { JSON_RPC } from '../../protocol/json-rpc-error.js';
import type { Session } from '../../session/session.js';
import { identified, openingOf, tellSession } from '../session-messages.js';
import { admitted, auditUnknownSession } from './admission.js';
import { consumerOf, contextOf, type HttpTransportCollaborators } from './http-transport.js';
import { acceptsAll } from './media-type.js';
import { messagesIn, readJson, TOO_MUCH_WAITS } from './messages.js';
import { type HttpRejection, reject } from './reply.js';
import type { RequestTarget } from './request-target.js';
import { readMetadata } from './session-metadata.js';
import { SseStream } from './sse-stream.js';
import { expiryOf } from './stream-expiry.js';

const MESSAGES = 'messages';

export class LegacySse {
  readonly #parts: HttpTransportCollaborators;

  constructor(parts: HttpTransportCollaborators) {
    this.#parts = parts;
  }

  /** GET /sse */
  open(request: IncomingMessage, response: ServerResponse, visitor: Visitor, { slash }: RequestTarget): void {
    if (request.method !== 'GET') return this.#reject(request, response, methodNotAllowed('GET'));
    if (request.headers.accept !== undefined && !acceptsAll(request.headers.accept, ['text/event-stream'])) {
      return this.#reject(request, response, {
        status: 406,
        reason: 'not_acceptable',
        message: 'Not Acceptable: Client must accept text/event-stream',
      });
    }
    const { sessions, streams, events, keepAliveMs, output, metadata } = this.#parts;
    const rejection = sessions.rejectionOf(consumerOf(visitor));
    if (rejection !== undefined) return this.#reject(request, response, { status: 503, ...rejection });
    const added = readMetadata(metadata, request);
    const session = sessions.open(contextOf(request, 'sse', visitor, added), streams);
    // Relative to where the client found the stream: a proxy may serve this listener below a path of its own.
    const endpoint = `${slash ? '../' : ''}${MESSAGES}?sessionId=${session.id}`;
    const preamble = `event: endpoint\ndata: ${endpoint}\n\n`;
    session.listen(
      new SseStream({
        kind: 'legacy',
        response,
        sessionId: session.id,
        keepAliveMs,
        events,
        output,
        preamble,
        ...expiryOf(visitor.principal, () => session.requestsInFlight > 0),
      }),
    );
  }

  /** POST /messages?sessionId=… */
  message(
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor,
    { query }: RequestTarget,
  ): void {
    if (request.method !== 'POST') return this.#reject(request, response, methodNotAllowed('POST'));
    const sessionId = new URLSearchParams(query).get('sessionId');
    if (sessionId === null) {
      return this.#reject(request, response, {
        status: 400,
        reason: 'session_required',
        message: 'Bad Request: the sessionId parameter is missing. GET /sse returns the complete address.',
      });
    }
    const session = this.#parts.sessions.find(sessionId, visitor.principal.key);
    if (session?.context.transport !== 'sse') {
      const { audit, sessions } = this.#parts;
      auditUnknownSession(audit, visitor, sessions.options.server, sessionId);
      return this.#reject(request, response, SESSION_GONE);
    }
    readJson(this.#parts, request, response, (text) => {
      // Its stream may have closed while the body arrived.
      if (session.state === 'ending') return this.#reject(request, response, SESSION_GONE);
      this.#received(request, response, visitor, session, text);
    });
  }

  #received(
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor,
    session: Session,
    text: string,
  ): void {
    const parsed = messagesIn(text, this.#parts.events, request, response);
    if (parsed === undefined) return;
    const asked = parsed.messages.filter((message) => message.kind === 'request');
    const opening = openingOf(parsed.messages);
    if (opening !== undefined && (session.initialized || parsed.messages.length > 1)) {
      return this.#reject(request, response, {
        status: 400,
        reason: 'invalid_request',
        code: JSON_RPC.invalidRequest,
        message: 'Invalid Request: Only one initialization request is allowed',
        id: opening.id,
      });
    }
    const { server } = session.context;
    const { messages, batch } = parsed;
    const to = {
      visitor,
      server,
      era: 'session',
      sessionId: session.id,
      batch,
      messages,
      // Answers of this transport, errors among them, come over the session's stream.
      refuse: (one: ClientRequest, body: string) => session.refuse(one, body),
    } as const;
    const requests = admitted(this.#parts, request, response, asked, to);
    if (requests === undefined) return;
    if (!tellSession(session, parsed.messages)) {
      return this.#reject(request, response, TOO_MUCH_WAITS);
    }
    const [first] = requests;
    if (opening !== undefined && first !== undefined) {
      session.initialize(first, identified(session.context, first), undefined);
    } else if (requests.length > 0) {
      session.request(requests, parsed.batch, undefined);
    }
    response.writeHead(202).end('Accepted');
  }

  #reject(request: IncomingMessage, response: ServerResponse, rejection: HttpRejection): void {
    reject(this.#parts.events, request, response, rejection);
  }
}

const SESSION_GONE: HttpRejection = {
  status: 404,
  reason: 'session_unknown',
  code: JSON_RPC.sessionNotFound,
  message: 'Session not found: its SSE stream has closed. GET /sse opens a new one.',
};

function methodNotAllowed(allow: string): HttpRejection {
  return {
    status: 405,
    reason: 'method_not_allowed',
    message: `Method not allowed: this endpoint takes ${allow}`,
    headers: { allow },
  };
}
