/** An SSE stream as a client reads it (WHATWG HTML, section 9.2). */
import { StringDecoder } from 'node:string_decoder';
import { createParser } from 'eventsource-parser';
import { ExchangeFailed, type HttpExchange } from './http-exchange.js';

/** A message of 32 Mi characters takes up to three bytes each; the parser counts characters. */
const MAX_EVENT_CHARS = 33 * 1024 * 1024;

/** Where a stream was left, so that it can be resumed. */
export interface StreamPosition {
  lastEventId: string | undefined;
  /** How long the server asked to wait before the stream is opened again. */
  retryMs: number | undefined;
}

/**
 * The messages of the stream, as text. What `position` says is updated before a message is given out.
 * @throws {ExchangeFailed} if the stream breaks, or an event is too long
 */
export async function* readMessages(
  exchange: HttpExchange,
  position: StreamPosition,
): AsyncGenerator<string> {
  const decoder = new StringDecoder();
  let events: { readonly id: string | undefined; readonly data: string }[] = [];
  let tooLong = false;
  const parser = createParser({
    onEvent: ({ id, data, event }) => {
      // An event of another type is for another kind of client.
      events.push({ id, data: event === undefined || event === 'message' ? data : '' });
    },
    onRetry: (retryMs) => {
      position.retryMs = retryMs;
    },
    // Other errors are fields that this parser does not know, which are to be ignored.
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') tooLong = true;
    },
    maxBufferSize: MAX_EVENT_CHARS,
  });
  for await (const chunk of exchange.chunks()) {
    parser.feed(decoder.write(chunk));
    if (tooLong) throw new ExchangeFailed(new Error('an event of its stream is too long'), true);
    const parsed = events;
    events = [];
    for (const { id, data } of parsed) {
      if (id !== undefined) position.lastEventId = id;
      if (data !== '') yield data;
    }
  }
}
