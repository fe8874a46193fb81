/**
 * What the main thread answers for a session without waking it: `ping`, and `initialize` and the lists of a server
 * module whose lists are static. The texts are those that a session thread gave once, at start.
 */
import { InitializeRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { ClientRequest } from '../protocol/client-message.js';
import type { StaticAnswer, StaticLists } from '../servers/server-module-check.js';
import type { RequestId } from '../shared/request-id.js';

export interface StaticResponse {
  readonly body: string;
  readonly failure: string | undefined;
}

const EMPTY: StaticAnswer = { text: '{}', failure: undefined };

/** One session's view of the cached responses. */
export class CachedResponses {
  #lists: StaticLists | undefined;

  constructor(lists: StaticLists | undefined) {
    this.#lists = lists;
  }

  /** The response to `initialize`; `undefined`, here and below, if the server itself must answer. */
  initialize(request: ClientRequest, protocolVersion: string): StaticResponse | undefined {
    return this.#lists && staticInitialize(this.#lists, request, protocolVersion);
  }

  /** @param threadless whether the session has no thread that could answer at once */
  request(request: ClientRequest, threadless: boolean): StaticResponse | undefined {
    if (request.method === 'tools/call') return undefined;
    if (request.method === 'ping') return threadless ? pong(request) : undefined;
    return this.#lists && staticList(this.#lists, request);
  }

  /** This session's lists differ from those of other sessions now. */
  listsChanged(): void {
    this.#lists = undefined;
  }
}

function staticInitialize(
  { initialize }: StaticLists,
  { id, method, params }: ClientRequest,
  protocolVersion: string,
): StaticResponse | undefined {
  const answer = initialize.get(protocolVersion);
  // What the SDK's server would refuse goes to it, so that it refuses in its own words.
  if (answer === undefined || !InitializeRequestSchema.safeParse({ method, params }).success)
    return undefined;
  return response(answer, id);
}

function staticList({ lists }: StaticLists, { id, method, body }: ClientRequest): StaticResponse | undefined {
  const answer = lists.get(method);
  return answer === undefined || !plain(body) ? undefined : response(answer, id);
}

/** 2025-11-25, Ping */
function pong({ id, body }: ClientRequest): StaticResponse | undefined {
  return plain(body) ? response(EMPTY, id) : undefined;
}

/** Whether the request has no cursor, and nothing else that could change the answer. */
function plain(body: string): boolean {
  const { params = {} } = JSON.parse(body) as { readonly params?: { readonly _meta?: object } };
  for (const member in params) if (member !== '_meta') return false;
  for (const member in params._meta) if (member !== 'progressToken') return false;
  return true;
}

/** The members are in the same order as in the SDK's responses. */
function response({ text, failure }: StaticAnswer, id: RequestId): StaticResponse {
  const idText = JSON.stringify(id);
  const body =
    failure === undefined
      ? `{"result":${text},"jsonrpc":"2.0","id":${idText}}`
      : `{"jsonrpc":"2.0","id":${idText},"error":${text}}`;
  return { body, failure };
}
