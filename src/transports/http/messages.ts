/** What both transports do with a POST: read its body, and get the JSON-RPC messages from it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ParsedBody, parseBody } from '../../protocol/json-rpc.js';
import { JSON_RPC } from '../../protocol/json-rpc-error.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { MAX_INITIALIZE_CHARS, openingOf } from '../session-messages.js';
import { type Body, readBody } from './body.js';
import type { BodyBudget } from './body-budget.js';
import { isJson, isPlain } from './media-type.js';
import { answering, type HttpRejection, reject } from './reply.js';

/** What reading the body of a POST needs. */
export interface MessageCollaborators {
  readonly events: GatewayEmitter;
  readonly maxBodyBytes: number;
  readonly bodies: BodyBudget;
}

/** Too many messages of a session wait for a thread. */
export const TOO_MUCH_WAITS: HttpRejection = {
  status: 503,
  reason: 'thread_wait',
  message: 'This session waits for a thread and takes no more messages. Try again later.',
};

const READ_BEFORE =
  "A request's body was read before it came to the gateway's handler, and request.body does not have it: mount the handler " +
  'before body parsers, or let request.body be the parsed JSON.';

/** Reads a JSON body as text. A body of another type, not in UTF-8, or too large is rejected. */
export function readJson(
  collaborators: MessageCollaborators,
  request: IncomingMessage,
  response: ServerResponse,
  done: (text: string) => void,
): void {
  const { events, maxBodyBytes } = collaborators;
  const { headers } = request;
  if (!isJson(headers['content-type'])) {
    return reject(events, request, response, {
      status: 415,
      reason: 'unsupported_media_type',
      message: 'Unsupported Media Type: Content-Type must be application/json, in UTF-8',
    });
  }
  // Whoever has read it before has also unpacked it.
  if (!request.readableDidRead && !isPlain(headers['content-encoding'])) {
    return reject(events, request, response, {
      status: 415,
      reason: 'unsupported_media_type',
      message: 'Unsupported Media Type: a body must not be compressed; send it without Content-Encoding',
      // RFC 9110, section 15.5.16
      headers: { 'accept-encoding': 'identity' },
    });
  }
  const read = (body: Body): void => {
    switch (body.outcome) {
      case 'aborted':
        return;
      case 'text':
        return done(body.text);
      case 'not-utf-8':
        return reject(events, request, response, {
          status: 400,
          reason: 'parse_error',
          code: JSON_RPC.parseError,
          message: 'Parse error: the body is not UTF-8, in which JSON must be sent',
        });
      case 'no-room':
        return reject(events, request, response, {
          status: 503,
          reason: 'body_budget',
          message: 'Too many unfinished request bodies are held at the moment. Send it again, in one go.',
        });
      case 'read-before':
        throw new Error(READ_BEFORE);
      case 'too-deep':
        return reject(events, request, response, {
          status: 400,
          reason: 'invalid_request',
          code: JSON_RPC.invalidRequest,
          message: 'Invalid Request: it nests too many levels of objects and arrays',
        });
      case 'too-large':
        return reject(events, request, response, {
          status: 413,
          reason: 'body_too_large',
          message: `Payload Too Large: a body may have ${maxBodyBytes} bytes (max-body-bytes)`,
        });
    }
  };
  readBody(request, response, collaborators, (body) =>
    answering(events, request, response, () => read(body)),
  );
}

/** The messages in a body, or `undefined` if it was rejected. */
export function messagesIn(
  text: string,
  events: GatewayEmitter,
  request: IncomingMessage,
  response: ServerResponse,
): ParsedBody | undefined {
  const parsed = parseBody(text);
  if ('reason' in parsed) {
    reject(events, request, response, { status: 400, ...parsed });
    return undefined;
  }
  const opening = openingOf(parsed.messages);
  if (opening === undefined || opening.body.length <= MAX_INITIALIZE_CHARS) return parsed;
  reject(events, request, response, {
    status: 413,
    reason: 'body_too_large',
    message: `Payload Too Large: initialize may have ${MAX_INITIALIZE_CHARS} characters of JSON, since it is kept as long as its session; send smaller icons, or links to them`,
    id: opening.id,
  });
  return undefined;
}
