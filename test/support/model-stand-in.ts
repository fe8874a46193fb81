/** Answers Claude Code in place of the model's API (`POST /v1/messages`); the test decides what. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { withDeadline } from './deadline.js';

/** To start the client and its connection to the gateway, on a machine that also runs other tests. */
const TURN_DEADLINE_MS = 90_000;

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly content?: string | readonly Block[];
}

interface MessagesRequest {
  readonly model: string;
  readonly messages: readonly { readonly content: string | readonly Block[] }[];
  readonly tools?: readonly { readonly name: string }[];
}

/** The client waits for the model's answer. Until then its MCP session is idle, or waits for a tool. */
export interface Turn {
  /** Text of the last tool result, or of the error that the model saw instead. */
  readonly toolResult: string | undefined;
  call(tool: string, input?: Readonly<Record<string, unknown>>): void;
  say(text: string): void;
}

export class ModelStandIn {
  readonly #server = createServer((request, response) => {
    // If the client has gone, its request does not matter.
    this.#answer(request, response).catch(() => response.destroy());
  });
  readonly #toolPrefix: string;
  readonly #turns: Turn[] = [];
  #arrived: () => void = () => undefined;
  #calls = 0;

  /** @param toolPrefix the prefix of the tools that `Turn.call` names: `mcp__<server>__` */
  constructor(toolPrefix: string) {
    this.#toolPrefix = toolPrefix;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** The next turn of the conversation that has the server's tools. */
  async next(): Promise<Turn> {
    const turn = this.#turns.shift();
    if (turn !== undefined) return turn;
    const arrived = new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
    await withDeadline(arrived, 'the client to ask the model', TURN_DEADLINE_MS);
    return this.next();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.url).pathname;
    if (request.method !== 'POST' || path !== '/v1/messages') {
      response.writeHead(404).end();
      return;
    }
    const asked = (await json(request)) as MessagesRequest;
    const say = (text: string) =>
      stream(response, asked.model, { type: 'text', text: '' }, { type: 'text_delta', text }, 'end_turn');
    // Besides the conversation it asks for titles and summaries.
    if (!asked.tools?.some(({ name }) => name.startsWith(this.#toolPrefix))) return say('Fine.');
    this.#turns.push({
      toolResult: lastToolResult(asked),
      say,
      call: (tool, input = {}) => {
        this.#calls += 1;
        const use = {
          type: 'tool_use',
          id: `toolu_${this.#calls}`,
          name: this.#toolPrefix + tool,
          input: {},
        };
        const delta = { type: 'input_json_delta', partial_json: JSON.stringify(input) };
        stream(response, asked.model, use, delta, 'tool_use');
      },
    });
    this.#arrived();
  }
}

/** One content block in the form in which the API streams it. */
function stream(
  response: ServerResponse,
  model: string,
  block: Readonly<Record<string, unknown>>,
  delta: Readonly<Record<string, unknown>>,
  stopReason: string,
): void {
  const send = (type: string, fields: object = {}) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], usage };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  send('message_start', { message });
  send('content_block_start', { index: 0, content_block: block });
  send('content_block_delta', { index: 0, delta });
  send('content_block_stop', { index: 0 });
  send('message_delta', { delta: { stop_reason: stopReason, stop_sequence: null }, usage });
  send('message_stop');
  response.end();
}

function lastToolResult({ messages }: MessagesRequest): string | undefined {
  const blocks = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
  const content = blocks.findLast(({ type }) => type === 'tool_result')?.content;
  return typeof content === 'string' ? content : content?.map(({ text = '' }) => text).join('');
}
