/** One request of the stateless era (2026-07-28), over HTTP. */
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { type AnswerHead, type Exchange, exchange } from '../../../load/client/http-exchange.js';
import { type RepeatedInHeaders, requestHeaders } from '../../../load/client/stateless-message.js';
import type { RpcError } from './server-connection.js';

/** Nothing came back, or not to the end. */
export class ConnectionLost extends Error {}

/** The server answered with an error. */
export class Refused extends Error {
  /** The JSON-RPC error, if there was one. */
  readonly error: RpcError | undefined;

  constructor(message: string, error: RpcError | undefined) {
    super(message);
    this.error = error;
  }
}

export interface StatelessRequest {
  readonly dispatcher: Dispatcher;
  readonly path: string;
  /** Besides those of the transport. */
  readonly headers: Readonly<Record<string, string>>;
  readonly repeated: RepeatedInHeaders;
  /** With `_meta`. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Closes the response, which cancels the request (2026-07-28, Transports, "Cancellation"). */
  readonly signal: AbortSignal;
  onNotification?(method: string, params: unknown): void;
}

/** This client has one request at a time. */
const ID = 1;

const ERROR = z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() });
const MESSAGE = z.object({
  id: z.unknown().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: ERROR.optional(),
});

/**
 * @returns the result
 * @throws {Refused}
 * @throws {ConnectionLost}
 * @throws the signal's reason
 */
export function statelessRequest(request: StatelessRequest): Promise<Readonly<Record<string, unknown>>> {
  const { dispatcher, path, repeated, params, signal, onNotification } = request;
  return new Promise((resolve, reject) => {
    const take = (text: string, { status }: Pick<AnswerHead, 'status'>): void => {
      const message = messageIn(text);
      if (message?.method !== undefined) onNotification?.(message.method, message.params);
      else if (message?.error !== undefined) reject(refusal(status, message.error));
      else if (message?.result !== undefined && message.id === ID) resolve(message.result);
    };
    let sent: Exchange | undefined;
    const cancel = (): void => sent?.abort(new Error('cancelled'));
    const headers = { ...requestHeaders(repeated), ...request.headers };
    const body = JSON.stringify({ jsonrpc: '2.0', id: ID, method: repeated.method, params });
    sent = exchange(
      dispatcher,
      { method: 'POST', path, headers, body },
      {
        onEvent: ({ data }) => take(data, { status: 200 }),
        onEnd: (head, text) => {
          signal.removeEventListener('abort', cancel);
          if (!head.eventStream) take(text, head);
          // Whoever has an answer by now keeps it.
          if (head.status === 200) reject(new ConnectionLost('the response ended without an answer'));
          else reject(new Refused(`HTTP ${head.status}: ${text.slice(0, 300)}`, undefined));
        },
        onFailed: (error) => {
          signal.removeEventListener('abort', cancel);
          reject(signal.aborted ? signal.reason : new ConnectionLost(error.message, { cause: error }));
        },
      },
    );
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
  });
}

function messageIn(text: string): z.output<typeof MESSAGE> | undefined {
  try {
    return MESSAGE.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON: there is no answer in it.
    return undefined;
  }
}

function refusal(status: number, error: z.output<typeof ERROR>): Refused {
  const sentence = error.message.replace(/\.$/, '');
  return new Refused(
    status === 200 ? `MCP error ${error.code}: ${sentence}` : `HTTP ${status}: ${sentence}`,
    error,
  );
}
