import type { IncomingMessage } from 'node:http';
import { DEADLINE_MS, withDeadline } from './deadline.js';
import type { JsonRpcMessage } from './raw-client.js';

/** One block of an SSE stream, or a single comment line. */
export interface SseEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string | undefined;
  readonly retry: number | undefined;
  readonly comment: string | undefined;
  /** When it was read, in milliseconds of `performance.now()`. */
  readonly atMs: number;
}

/**
 * Reads one SSE response. Every event is kept in `events`. Waiting and iterating take events from a cursor, so that
 * nothing that came early is missed. Reading starts at construction.
 */
export class SseReader implements AsyncIterable<SseEvent> {
  readonly events: SseEvent[] = [];
  /** Resolves when the stream is over: `end` for a proper end, `lost` if the connection broke. */
  readonly ended: Promise<'end' | 'lost'>;
  readonly #response: IncomingMessage;
  #cursor = 0;
  #over: 'end' | 'lost' | undefined;
  #wake: (() => void) | undefined;
  /** Of a block whose end has not come. */
  #rest: string[] = [];

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#read(text));
    this.ended = new Promise((resolve) => {
      const end = (how: 'end' | 'lost') => {
        this.#over ??= how;
        resolve(this.#over);
        this.#wake?.();
      };
      response.on('end', () => end(response.complete ? 'end' : 'lost'));
      response.on('error', () => end('lost'));
      response.on('close', () => end(response.complete ? 'end' : 'lost'));
    });
  }

  /** The id of the last event that had one: what a client sends as `Last-Event-ID`. */
  get lastEventId(): string | undefined {
    return this.events.findLast((event) => event.id !== undefined)?.id;
  }

  /** Every JSON-RPC message so far, without the empty data of priming events. */
  get messages(): JsonRpcMessage[] {
    return this.events.flatMap((event) => messageIn(event) ?? []);
  }

  /** The comments so far: the keep-alives. */
  get comments(): SseEvent[] {
    return this.events.filter((event) => event.comment !== undefined);
  }

  /** Breaks the connection, as a client that vanishes does. */
  destroy(): void {
    this.#response.destroy();
  }

  /** The next event that matches, skipping others. @throws {Error} at the stream's end or after the deadline */
  async next(
    predicate: (event: SseEvent) => boolean = () => true,
    what = 'an SSE event',
    deadlineMs = DEADLINE_MS,
  ): Promise<SseEvent> {
    const search = async () => {
      for await (const event of this) if (predicate(event)) return event;
      throw new Error(`The stream came to its ${this.#over} before ${what}. It had: ${this.#tell()}`);
    };
    return withDeadline(search(), () => `${what}; the stream had: ${this.#tell()}`, deadlineMs);
  }

  /** The next JSON-RPC message that matches, skipping others, comments and priming events. */
  async message(
    predicate: (message: JsonRpcMessage) => boolean = () => true,
    what = 'a JSON-RPC message',
    deadlineMs = DEADLINE_MS,
  ): Promise<JsonRpcMessage> {
    const fits = (event: SseEvent) => {
      const message = messageIn(event);
      return message !== undefined && predicate(message);
    };
    return messageIn(await this.next(fits, what, deadlineMs)) as JsonRpcMessage;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SseEvent, void, undefined> {
    for (;;) {
      const event = this.events[this.#cursor];
      if (event) {
        this.#cursor += 1;
        yield event;
      } else if (this.#over) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #read(text: string): void {
    this.#rest.push(text);
    // A message of megabytes comes in hundreds of chunks: looking through all of them each time takes seconds.
    if (!text.includes('\n')) return;
    const blocks = this.#rest.join('').split('\n\n');
    this.#rest = [blocks.pop() ?? ''];
    for (const block of blocks) if (block !== '') this.events.push(...parseBlock(block));
    this.#wake?.();
  }

  #tell(): string {
    return JSON.stringify(this.events.slice(-10));
  }
}

/** `undefined` for comments, priming events and events of other types, such as the legacy `endpoint`. */
function messageIn({ data, event }: SseEvent): JsonRpcMessage | undefined {
  return data && (event === undefined || event === 'message')
    ? (JSON.parse(data) as JsonRpcMessage)
    : undefined;
}

/** One block between blank lines (HTML, 9.2.6 "Interpreting an event stream"). */
function parseBlock(block: string): SseEvent[] {
  const none = { id: undefined, event: undefined, data: undefined, retry: undefined, comment: undefined };
  const atMs = performance.now();
  const events: SseEvent[] = [];
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === '') events.push({ ...none, comment: value, atMs });
    else if (name === 'data' && fields.has('data')) fields.set('data', `${fields.get('data')}\n${value}`);
    else fields.set(name, value);
  }
  if (fields.size > 0) {
    const retry = fields.get('retry');
    events.push({
      ...none,
      id: fields.get('id'),
      event: fields.get('event'),
      data: fields.get('data'),
      retry: retry === undefined ? undefined : Number(retry),
      atMs,
    });
  }
  return events;
}
