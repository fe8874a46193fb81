/**
 * What a relay reads of a message: what it is and what it belongs to. Everything else is passed on as it came, so this
 * is not as strict as `json-rpc.ts`, which checks what a server is to be given.
 */
import { type Fields, isFields } from '../shared/fields.js';
import { MAX_JSON_DEPTH, nestsDeeperThan } from '../shared/json-depth.js';
import type { RequestId } from '../shared/request-id.js';

export interface RequestEnvelope {
  readonly kind: 'request';
  readonly id: RequestId;
  readonly method: string;
  readonly params: Fields;
  /** The message as JSON text. */
  readonly text: string;
}

export interface NotificationEnvelope {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: Fields;
  readonly text: string;
}

export interface ResponseEnvelope {
  readonly kind: 'response';
  /** `undefined`: an error that belongs to no request. */
  readonly id: RequestId | undefined;
  readonly result: Fields | undefined;
  readonly error: Fields | undefined;
  readonly text: string;
}

export type Envelope = RequestEnvelope | NotificationEnvelope | ResponseEnvelope;

/**
 * The messages in a text: one, or those of a batch.
 * @throws {SyntaxError} if the text is not JSON
 * @throws {TypeError} if it is not JSON-RPC, or nests too deeply
 */
export function readEnvelopes(text: string): readonly Envelope[] {
  // Code that handles a message later may recurse over it.
  if (nestsDeeperThan(text, MAX_JSON_DEPTH)) {
    throw new TypeError(`it nests more than ${MAX_JSON_DEPTH} levels of objects and arrays`);
  }
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) return [envelopeOf(value, text)];
  return value.map((element) => envelopeOf(element, JSON.stringify(element)));
}

/** A member of a message that is an object; an empty one if it is anything else. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function envelopeOf(value: unknown, text: string): Envelope {
  if (!isFields(value)) throw new TypeError('a message is a JSON object');
  const { id, method, result, error } = value;
  const known = typeof id === 'string' || typeof id === 'number' ? id : undefined;
  if (typeof method === 'string') {
    const params = fieldsOf(value.params);
    if (known !== undefined) return { kind: 'request', id: known, method, params, text };
    return { kind: 'notification', method, params, text };
  }
  if (!isFields(result) && !isFields(error)) {
    throw new TypeError('it is neither a request (with "method") nor a response (with "result" or "error")');
  }
  return {
    kind: 'response',
    id: known,
    result: isFields(result) ? result : undefined,
    error: isFields(error) ? error : undefined,
    text,
  };
}
