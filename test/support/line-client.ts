/** A client that speaks JSON-RPC in lines, as text, so that a test sees exactly what it is sent. */
import { once } from 'node:events';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { withDeadline } from './deadline.js';

export interface Message {
  readonly jsonrpc: '2.0';
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { code: number; message: string; data?: Record<string, unknown> };
}

export class LineClient {
  /** Everything that has come, in order. */
  readonly received: Message[] = [];
  /** Lines that are not JSON. */
  readonly strange: string[] = [];
  readonly #input: Writable;
  readonly #output: Readable;
  readonly #waiting = new Set<() => void>();
  #lastId = 0;
  #rest = '';

  /**
   * @param input what the client writes to
   * @param output what it reads from
   */
  constructor(input: Writable, output: Readable) {
    this.#input = input;
    this.#output = output;
    output.setEncoding('utf8');
    output.on('data', (text: string) => this.#read(text));
  }

  write(text: string): void {
    this.#input.write(text);
  }

  send(message: Record<string, unknown>): void {
    this.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  notify(method: string, params: Record<string, unknown> = {}): void {
    this.send({ method, params });
  }

  /** Sends a request; its answer, whatever it is. */
  async request(method: string, params: Record<string, unknown> = {}): Promise<Message> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.send({ id, method, params });
    return this.answer(id);
  }

  call(name: string, args: Record<string, unknown> = {}): Promise<Message> {
    return this.request('tools/call', { name, arguments: args });
  }

  async initialize(capabilities: Record<string, unknown> = {}): Promise<Message> {
    const clientInfo = { name: 'line-client', version: '1' };
    const answer = await this.request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities,
      clientInfo,
    });
    this.notify('notifications/initialized');
    return answer;
  }

  answer(id: string | number | null): Promise<Message> {
    return this.seen((message) => message.id === id && message.method === undefined);
  }

  /** The first message that matches, come or to come. */
  async seen(matches: (message: Message) => boolean): Promise<Message> {
    const found = new Promise<Message>((resolve) => {
      const look = (): void => {
        const message = this.received.find(matches);
        if (message === undefined) return;
        this.#waiting.delete(look);
        resolve(message);
      };
      this.#waiting.add(look);
      look();
    });
    return withDeadline(
      found,
      () => `a message; there were ${JSON.stringify(this.received).slice(0, 2_000)}`,
    );
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.#output.pause();
  }

  resume(): void {
    this.#output.resume();
  }

  end(): void {
    this.#input.end();
  }

  async ended(): Promise<void> {
    if (!this.#output.readableEnded) await once(this.#output, 'end');
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      try {
        this.received.push(JSON.parse(line) as Message);
      } catch {
        this.strange.push(line);
      }
    }
    for (const look of this.#waiting) look();
  }
}

/** Two pipes: what one side writes the other reads. */
export function pipes(): { readonly input: PassThrough; readonly output: PassThrough; client: LineClient } {
  const input = new PassThrough();
  const output = new PassThrough();
  return { input, output, client: new LineClient(input, output) };
}

/** The text of a tool's result. */
export function textOf({ result, error }: Message): string | undefined {
  if (error !== undefined) return `error: ${error.message}`;
  return (result?.content as { text?: string }[] | undefined)?.[0]?.text;
}
