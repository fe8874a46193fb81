/** One JSON-RPC request over one connection, and the check of its answer: what the measuring clients of both eras share. */
import type { Client } from 'undici';
import { exchange, type HttpAnswer } from './http-exchange.js';

/** A server answered something else than it was asked for; no figure of such a run counts. */
export class WrongAnswerError extends Error {
  constructor(expected: string, answer: HttpAnswer) {
    super(
      `expected ${expected}, got HTTP ${answer.status} ${answer.contentType}: ${answer.body.slice(0, 500)}`,
    );
    this.name = 'WrongAnswerError';
  }
}

export interface Response {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly result?: {
    readonly content?: readonly { readonly text?: string }[];
    readonly structuredContent?: Readonly<Record<string, unknown>>;
    readonly isError?: boolean;
    /** Since revision 2026-07-28. */
    readonly resultType?: string;
  };
  readonly error?: { readonly code: number; readonly message: string };
}

/** The messages of a JSON answer, or of an SSE answer's events. */
export function messagesIn({ status, contentType, body }: HttpAnswer): Response[] {
  if (status !== 200) return [];
  if (contentType.startsWith('application/json')) return [JSON.parse(body) as Response];
  if (!contentType.startsWith('text/event-stream')) return [];
  const messages: Response[] = [];
  for (const line of body.split('\n')) {
    // A priming event's data is empty (2025-11-25, Transports).
    if (line.startsWith('data: ') && line !== 'data: ') messages.push(JSON.parse(line.slice(6)) as Response);
  }
  return messages;
}

export interface Question {
  readonly id: number;
  /** Members of the request besides `jsonrpc` and `id`, as JSON text: to write them costs the client least. */
  readonly members: string;
  /** For the error where another answer comes. */
  readonly expected: string;
  readonly fits: (response: Response) => boolean;
}

/** Sends a request; there must be one response for its id, and it must fit. */
export async function ask(
  client: Client,
  url: URL,
  headers: Readonly<Record<string, string>>,
  { id, members, expected, fits }: Question,
): Promise<HttpAnswer> {
  const body = `{"jsonrpc":"2.0","id":${id},${members}}`;
  const answer = await exchange(client, 'POST', url.pathname, headers, body);
  // Requests of the server also have an id, but they have a method as well.
  const responses = messagesIn(answer).filter(({ method }) => method === undefined);
  const [response] = responses;
  if (responses.length !== 1 || response === undefined || response.id !== id || !fits(response)) {
    throw new WrongAnswerError(`${expected} for id ${id}`, answer);
  }
  return answer;
}

export function succeeds({ result, error }: Response): boolean {
  return error === undefined && result !== undefined && result.isError !== true;
}

export function fails({ result, error }: Response): boolean {
  return error !== undefined && result === undefined;
}

/** The result of a tool that answers with this text. */
export function says(text: string): Question['fits'] {
  return (response) => succeeds(response) && response.result?.content?.[0]?.text === text;
}

/**
 * The members of a tool call.
 * @param argument as JSON text
 * @param more members of `params`, each after a comma
 */
export function call(tool: string, argument: string, more = ''): string {
  return `"method":"tools/call","params":{"name":"${tool}","arguments":${argument}${more}}`;
}
