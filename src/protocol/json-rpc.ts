/**
 * Checks and classifies the JSON-RPC of a body, once, on the main thread (JSON-RPC 2.0, sections 4 and 5; MCP
 * 2025-11-25, Base Protocol, "Messages"). It is as strict as the SDK's own schemas: the server would not answer a
 * message that they refuse.
 */
import { RELATED_TASK_META_KEY } from '@modelcontextprotocol/sdk/types.js';
import { type Fields, isFields } from '../shared/fields.js';
import { MAX_JSON_DEPTH, nestsDeeperThan } from '../shared/json-depth.js';
import type { RequestId } from '../shared/request-id.js';
import { META } from '../shared/stateless-protocol.js';
import type { ClientMessage } from './client-message.js';
import { JSON_RPC } from './json-rpc-error.js';
import type { Rejection } from './rejection.js';

/** Ids are part of event ids, log lines and errors. */
const MAX_ID_CHARS = 256;
const MAX_BATCH = 100;
/** Names of methods and tools are part of log lines, events and snapshots; no method or tool has a longer name. */
const MAX_NAME_CHARS = 200;

export interface ParsedBody {
  readonly batch: boolean;
  readonly messages: readonly ClientMessage[];
  /** Of the first message that has one; `undefined` in the session era. */
  readonly claim: VersionClaim | undefined;
}

/**
 * A message that names its protocol version in `params._meta`, as all requests of the stateless era do (2026-07-28, Base
 * Protocol, "_meta"). What it says is not checked.
 */
export interface VersionClaim {
  /** Not cut, as `ClientMessage.method` is. */
  readonly method: string;
  readonly params: Fields;
  readonly meta: Fields;
}

type BodyRejection = Rejection<'parse_error' | 'invalid_request' | 'request_meta'>;

export function parseBody(text: string): ParsedBody | BodyRejection {
  // Before anything else, because code that receives a message later may recurse over it.
  if (nestsDeeperThan(text, MAX_JSON_DEPTH)) {
    return invalid(`it nests more than ${MAX_JSON_DEPTH} levels of objects and arrays`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = `Parse error: Invalid JSON: ${(error as SyntaxError).message}`;
    return { reason: 'parse_error', code: JSON_RPC.parseError, message, id: null };
  }
  if (!Array.isArray(value)) {
    const message = classify(value, text);
    return 'reason' in message ? message : { batch: false, messages: [message], claim: claimOf(value) };
  }
  if (value.length === 0) return invalid('a batch must not be empty');
  if (value.length > MAX_BATCH) return invalid(`Batch must not exceed ${MAX_BATCH} messages`);
  const messages: ClientMessage[] = [];
  let claim: VersionClaim | undefined;
  for (const element of value) {
    const message = classify(element, JSON.stringify(element));
    if ('reason' in message) return message;
    messages.push(message);
    claim ??= claimOf(element);
  }
  return { batch: true, messages, claim };
}

/** @param value a message that has been checked */
function claimOf(value: unknown): VersionClaim | undefined {
  const { method, params } = value as { readonly method: string; readonly params?: Fields };
  const meta = params?._meta as Fields | undefined;
  if (params === undefined || meta === undefined || meta[META.protocolVersion] === undefined)
    return undefined;
  return { method, params, meta };
}

function classify(value: unknown, body: string): ClientMessage | BodyRejection {
  if (!isFields(value)) return invalid('a message is a JSON object', null);
  const id = isRequestId(value.id) ? value.id : null;
  if (value.jsonrpc !== '2.0') return invalid('"jsonrpc" must be "2.0"', id);
  if (value.id !== undefined && id === null) {
    return invalid(`"id" must be a string of at most ${MAX_ID_CHARS} characters or an integer`, null);
  }
  if (typeof value.method !== 'string') return classifyResponse(value, id, body);
  const stranger = unknownMember(value, id === null ? NOTIFICATION_MEMBERS : REQUEST_MEMBERS);
  if (stranger !== undefined) return invalid(`a message has no member ${JSON.stringify(stranger)}`, id);
  const { params } = value;
  const method = named(value.method);
  if (params !== undefined && !isFields(params)) return invalid('"params" must be an object', id);
  const malformed = malformedMeta(params);
  if (malformed !== undefined) return invalidMeta(malformed, id);
  const tool = method === 'tools/call' && typeof params?.name === 'string' ? named(params.name) : undefined;
  return id === null
    ? { kind: 'notification', method, cancels: cancellation(method, params), body }
    : {
        kind: 'request',
        id,
        replyId: id,
        method,
        tool,
        fastPath: tool !== undefined && params !== undefined && isForFastPath(params),
        stateless: false,
        progressToken: progressToken(params),
        params: method === 'initialize' ? params : undefined,
        body,
      };
}

/**
 * Whether the SDK's schema for a tool call would make an equal copy of this one, as it does for nearly all. The
 * session's thread serves such calls without the SDK's protocol layer and does not check again. This code runs on the
 * main thread, where V8 has optimised it. A test sends the same values through the schema.
 *
 * @param params with a `name` that is a string, and a `_meta` that has been checked
 */
function isForFastPath(params: Fields): boolean {
  for (const key in params) {
    if (key === 'name') continue;
    const part = params[key];
    // The schema leaves out a member of this name.
    if (!isFields(part) || Object.hasOwn(part, '__proto__')) return false;
    // A request that belongs to a task goes through the schema.
    if (key === '_meta' ? part[RELATED_TASK_META_KEY] !== undefined : key !== 'arguments') return false;
  }
  return true;
}

function classifyResponse(value: Fields, id: RequestId | null, body: string): ClientMessage | BodyRejection {
  const hasResult = isFields(value.result);
  const hasError =
    isFields(value.error) &&
    Number.isSafeInteger(value.error.code) &&
    typeof value.error.message === 'string';
  const wellFormed = hasResult
    ? value.error === undefined && id !== null
    : hasError && value.result === undefined;
  if (!wellFormed || value.method !== undefined) {
    return invalid('it is neither a request (with "method") nor a response (with "result" or "error")', id);
  }
  const stranger = unknownMember(value, RESPONSE_MEMBERS);
  if (stranger !== undefined) return invalid(`a response has no member ${JSON.stringify(stranger)}`, id);
  return { kind: 'response', id: id ?? undefined, body };
}

const REQUEST_MEMBERS = new Set(['jsonrpc', 'id', 'method', 'params']);
const NOTIFICATION_MEMBERS = new Set(['jsonrpc', 'method', 'params']);
const RESPONSE_MEMBERS = new Set(['jsonrpc', 'id', 'result', 'error']);

function unknownMember(value: Fields, known: ReadonlySet<string>): string | undefined {
  for (const member in value) if (!known.has(member)) return member.slice(0, 100);
  return undefined;
}

function cancellation(
  method: string,
  params: Fields | undefined,
): { requestId: RequestId; reason: string } | undefined {
  if (method !== 'notifications/cancelled' || !isRequestId(params?.requestId)) return undefined;
  const reason = typeof params.reason === 'string' ? params.reason.slice(0, 500) : 'the client cancelled it';
  return { requestId: params.requestId, reason };
}

/** The members of `params._meta` that the protocol itself defines (2025-11-25, Base Protocol, "_meta"). */
function malformedMeta(params: Fields | undefined): string | undefined {
  const meta = params?._meta;
  if (meta === undefined) return undefined;
  if (!isFields(meta)) return '"params._meta" must be an object';
  const { progressToken: token, [RELATED_TASK_META_KEY]: task } = meta;
  if (token !== undefined && !isRequestId(token))
    return `"params._meta.progressToken" must be a string of at most ${MAX_ID_CHARS} characters or an integer`;
  if (task !== undefined && !(isFields(task) && typeof task.taskId === 'string')) {
    return `"params._meta[${RELATED_TASK_META_KEY}]" must have a "taskId"`;
  }
  return undefined;
}

function progressToken(params: Fields | undefined): RequestId | undefined {
  const meta = params?._meta;
  return isFields(meta) && isRequestId(meta.progressToken) ? meta.progressToken : undefined;
}

/** The start of a name that is too long. It is copied, because a slice would keep the whole text in memory. */
function named(name: string): string {
  return name.length <= MAX_NAME_CHARS ? name : `${Buffer.from(name.slice(0, MAX_NAME_CHARS - 1))}…`;
}

function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' ? value.length <= MAX_ID_CHARS : Number.isSafeInteger(value);
}

/** Not JSON-RPC but the parameters are wrong (2026-07-28, Base Protocol, "_meta"), in either era. */
function invalidMeta(why: string, id: RequestId | null): BodyRejection {
  return { reason: 'request_meta', code: JSON_RPC.invalidParams, message: `Invalid params: ${why}`, id };
}

function invalid(why: string, id: RequestId | null = null): BodyRejection {
  return { reason: 'invalid_request', code: JSON_RPC.invalidRequest, message: `Invalid Request: ${why}`, id };
}
