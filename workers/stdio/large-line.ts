/**
 * A line of a stdio server that is too large to be parsed in the thread that reads the lines of all sessions. It is read in a thread
 * of its own, which returns only what `StdioSession` asks of a message, and the text for the client.
 */
import { isUtf8 } from 'node:buffer';
import { declaredNotifications } from '../../src/shared/declared-notifications.js';
import { cut } from '../../src/shared/errors.js';
import type { HandleTools } from '../../src/shared/handle-tools.js';
import type { RequestId } from '../../src/shared/request-id.js';
import { type AnyResponse, MAX_FAILURE_CHARS, responseFailure } from '../../src/shared/response-failure.js';
import type { Introduction } from '../../src/shared/stateless.js';
import type { ToolRuleLists } from '../../src/shared/tool-rules.js';
import { withId } from '../exchanged-id.js';
import { questionIn, resultTail } from '../stateless/message-text.js';
import { ToolView } from '../tool-rules.js';
import {
  type ReadMessage,
  type ServerMessage,
  type ServerNotification,
  serverMessages,
} from './server-message.js';

/** `JSON.parse` takes some 10 ms for as many bytes of small objects. */
export const LARGE_LINE_BYTES = 512 * 1024;

/** What its session knows. */
export interface LargeLineContext {
  /** Requests for `tools/list` that have not been answered. */
  readonly toolLists: readonly RequestId[];
  /** In the session era: the id that the client gets for the server's next request. */
  readonly nextRequestId?: number;
  /** In the stateless era: the methods of requests that have not been answered, and what the server has told of itself. */
  readonly stateless?: {
    readonly methods: readonly (readonly [id: RequestId, method: string])[];
    readonly introduction: Introduction;
    /** What is added to the tools of a server with affinity `handle`. */
    readonly handleTools: HandleTools | undefined;
  };
}

export interface LargeLineRequest extends LargeLineContext {
  /** The line, whose memory is transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the client sees of the tools. */
  readonly tools: ToolRuleLists | undefined;
}

export interface LargeLine {
  /** Whether it was UTF-8; bytes that were not are replaced by U+FFFD. */
  readonly valid: boolean;
  /** The line's messages, or the reason why it has none, with the line's beginning. */
  readonly read:
    | { readonly messages: readonly ReadMessage[] }
    | { readonly why: string; readonly head: string };
}

const HEAD_CHARS = 1_000;

/** @returns messages that are outlined: without what only their client reads, and with the text that it is sent */
export function readLargeLine(request: LargeLineRequest): LargeLine {
  const { bytes } = request;
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const valid = isUtf8(bytes);
  const read = serverMessages(line);
  if (typeof read === 'string') return { valid, read: { why: read, head: line.slice(0, HEAD_CHARS) } };
  const view = request.tools && new ToolView(request.tools);
  const textFor = textForEra(request, view);
  const messages = read.map((one) => ({ message: outline(one, request), body: textFor(one) }));
  return { valid, read: { messages } };
}

/** What the client is sent of a message, as text. */
function textForEra(request: LargeLineRequest, view: ToolView | undefined): (message: ReadMessage) => string {
  let { nextRequestId = 0 } = request;
  const methods = request.stateless && new Map(request.stateless.methods);
  return ({ message, body }) => {
    if (message.kind === 'request') {
      // What a client of the stateless era is asked is in the outline.
      if (request.stateless !== undefined) return '';
      nextRequestId += 1;
      return withId(body, nextRequestId - 1);
    }
    if (message.kind === 'notification' || message.id === undefined) return body;
    const viewed = request.toolLists.includes(message.id)
      ? (view?.response(message.message, body) ?? body)
      : body;
    const method = methods?.get(message.id);
    if (request.stateless === undefined || method === undefined || 'error' in message.message) return viewed;
    const { introduction, handleTools } = request.stateless;
    return resultTail(viewed, method, introduction, handleTools);
  };
}

function outline({ message, body }: ReadMessage, { stateless }: LargeLineContext): ServerMessage {
  switch (message.kind) {
    case 'request': {
      const outlined = { ...message, outlined: true } as const;
      return stateless === undefined
        ? outlined
        : { ...outlined, question: questionIn(body, message.id, message.method) };
    }
    case 'notification':
      return { ...message, params: outlineParams(message.params) };
    case 'response':
      return { ...message, message: outlineResponse(message.message), outlined: true };
    default:
      return message satisfies never;
  }
}

function outlineParams(params: ServerNotification['params']): ServerNotification['params'] {
  const { progressToken, progress, requestId, reason } = params;
  return { progressToken, progress, requestId, reason: cut(String(reason ?? ''), MAX_FAILURE_CHARS) };
}

/** A response that fails in the same words, or succeeds and declares the same. */
function outlineResponse(response: AnyResponse): AnyResponse {
  const failure = responseFailure(response);
  if ('error' in response) return { error: { code: failure?.failure, message: failure?.message } };
  if (failure !== undefined)
    return { result: { isError: true, content: [{ type: 'text', text: failure.message }] } };
  const { tools, prompts, resources, logging, subscribe } = declaredNotifications(response.result);
  const changing = (listChanged: boolean) => ({ listChanged });
  const capabilities = {
    tools: changing(tools),
    prompts: changing(prompts),
    resources: { ...changing(resources), subscribe },
    ...(logging && { logging: {} }),
  };
  return { result: { capabilities } };
}
