/** What may be wrong with an answer. */
import type { Answer } from './answer-reader.js';
import type { Input } from './input.js';

/** A stack, or a path in the file system: of the program, of Node, or of whoever started it. */
const LEAKS: readonly RegExp[] = [
  /(?:\\n|\n) {1,8}at [^\n"\\]{0,200}:\d/,
  /node:internal/,
  /file:\/\/\/\w/,
  /node_modules/,
  /\/(?:dist|src|workers)\/[\w/-]+\.[cm]?[jt]s/,
  /\/(?:home|root|tmp|Users)\/\w/,
];

export interface Secrets {
  /** What only another session may receive. */
  readonly secret: string;
  /** Paths that no answer may show. */
  readonly paths: readonly string[];
}

/** One sentence about what is wrong with the answer, or `undefined`. */
export function judge(input: Input, answer: Answer, secrets: Secrets): string | undefined {
  const { status, body, headers } = answer;
  const text = `${[...headers.values()].join('\n')}\n${body}`;
  if (text.includes(secrets.secret)) return "another session's secret is in the answer";
  // What a client has sent may come back to it: an id such as `notifications/roots/list_changed` contains `/root`.
  const sent = sentBy(input);
  const shown = secrets.paths.find((path) => text.includes(path) && !sent.includes(path));
  if (shown !== undefined) return `the path ${shown} is in the answer`;
  const leak = LEAKS.find((pattern) => pattern.test(text) && !pattern.test(sent));
  if (leak !== undefined) return `the answer has something like ${String(leak)}`;
  if (status === 500) return 'status 500';
  if (input.listener === 'mcp' && headers.get('content-type')?.startsWith('application/json')) {
    return judgeJson(input, body);
  }
  return undefined;
}

function sentBy(input: Input): string {
  return Buffer.concat(input.pieces).toString('utf8');
}

function judgeJson(input: Input, body: string): string | undefined {
  if (input.head) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return 'a body that is no JSON';
  }
  const messages: unknown[] = Array.isArray(content) ? content : [content];
  for (const message of messages) {
    const fault = judgeMessage(input, message);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function judgeMessage(input: Input, message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null) return 'a message that is no object';
  const { jsonrpc, id, result, error } = message as Record<string, unknown>;
  if (jsonrpc !== '2.0') return 'a message without "jsonrpc": "2.0"';
  if ((result === undefined) === (error === undefined))
    return 'a message with both or neither of result and error';
  // JSON-RPC 2.0, section 5: null if the id could not be read. Revision 2026-07-28 has no such id: it is left out.
  const unread = id === null || (id === undefined && input.kind === 'stateless');
  if (input.id !== undefined && id !== input.id && !unread)
    return `the id ${JSON.stringify(id)} is another one`;
  if (error === undefined) return undefined;
  const { code, message: sentence } = error as Record<string, unknown>;
  return Number.isInteger(code) && typeof sentence === 'string' && sentence !== ''
    ? undefined
    : 'an error without a code and a sentence';
}
