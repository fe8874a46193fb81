/**
 * One HTTP request and its answer, read no faster than it is used. undici's `dispatch`, because only its handler
 * reports when a request is being written: before that, the server knows nothing of it.
 */
import type { Dispatcher } from 'undici';

export interface AnswerHead {
  readonly status: number;
  /** Without parameters, in lower case. */
  readonly contentType: string;
  /** `Mcp-Session-Id`. */
  readonly sessionId: string | undefined;
  /** `Retry-After`, if it is a number of seconds. */
  readonly retryAfterMs: number | undefined;
  readonly location: string | undefined;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** There was no answer, or it broke off. */
export class ExchangeFailed extends Error {
  /** Whether the server may have received the request. */
  readonly sent: boolean;

  constructor(cause: Error, sent: boolean) {
    super(reasonOf(cause), { cause });
    this.name = 'ExchangeFailed';
    this.sent = sent;
  }
}

export class HttpExchange implements Dispatcher.DispatchHandler {
  /** Called when the request is being written: from then on the server may have it. */
  onWritten: () => void = () => {};
  /** Rejects with `ExchangeFailed`. */
  readonly head: Promise<AnswerHead>;
  #controller: Dispatcher.DispatchController | undefined;
  #sent = false;
  #failure: ExchangeFailed | undefined;
  #ended = false;
  readonly #chunks: Buffer[] = [];
  #onChunk: (() => void) | undefined;
  #onHead: (head: AnswerHead) => void = () => {};
  #onFailed: (failure: ExchangeFailed) => void = () => {};

  constructor(dispatcher: Dispatcher, { method, path, headers, body }: HttpRequest) {
    this.head = new Promise((resolve, reject) => {
      this.#onHead = resolve;
      this.#onFailed = reject;
    });
    // Whoever waits for the head is told; nobody has to.
    this.head.catch(() => {});
    // Not before whoever made it can set `onWritten`: a connection may be free at once.
    queueMicrotask(() => dispatcher.dispatch({ method, path, headers, body }, this));
  }

  /** Breaks it off: the connection closes. */
  abort(): void {
    const reason = new Error('it is not waited for any more');
    this.#fail(reason);
    this.#controller?.abort(reason);
  }

  /**
   * The body as it comes. While the caller handles a chunk, the server has to wait.
   * @throws {ExchangeFailed} if it breaks off
   */
  async *chunks(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          yield chunk;
        } else if (this.#failure !== undefined) {
          throw this.#failure;
        } else if (this.#ended) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#onChunk = resolve;
            // The next chunk may be here before this returns.
            this.#controller?.resume();
          });
        }
      }
    } finally {
      if (!this.#ended) this.abort();
    }
  }

  /**
   * The whole body.
   * @throws {ExchangeFailed} if it breaks off or is longer than `maxBytes`
   */
  async text(maxBytes: number): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of this.chunks()) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        throw new ExchangeFailed(new Error(`its answer is longer than ${maxBytes} bytes`), true);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure !== undefined) return controller.abort(this.#failure);
    this.#sent = true;
    this.onWritten();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    // A 1xx response; the answer follows.
    if (status < 200) return;
    controller.pause();
    const retryAfter = Number(first(headers['retry-after']) ?? Number.NaN);
    this.#onHead({
      status,
      contentType: (first(headers['content-type']) ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '',
      sessionId: first(headers['mcp-session-id']),
      retryAfterMs: retryAfter >= 0 ? retryAfter * 1_000 : undefined,
      location: first(headers.location),
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // undici flushes its parser with an empty chunk on `resume`: pausing there would go on for ever.
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    controller.pause();
    this.#wake();
  }

  onResponseEnd(): void {
    this.#ended = true;
    this.#wake();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined || this.#ended) return;
    this.#failure = new ExchangeFailed(error, this.#sent);
    this.#onFailed(this.#failure);
    this.#wake();
  }

  #wake(): void {
    const wake = this.#onChunk;
    this.#onChunk = undefined;
    wake?.();
  }
}

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** An error with several causes, one for each address that was tried, has no message of its own. */
function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((each) => (each instanceof Error ? each.message : String(each))).join(', ');
  }
  return error.message === '' ? error.name : error.message;
}
