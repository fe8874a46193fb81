/** Requests to an authorization server. Each has a deadline and a bound, and follows no redirect. */
import { messageOf } from '../../shared/errors.js';
import { type Fields, isFields } from '../../shared/fields.js';

const DEADLINE_MS = 5_000;
const MAX_BYTES = 2 ** 20;

/** The authorization server could not be reached, or answered something unusable. */
export class AuthorizationServerError extends Error {
  /** The status of its answer, if it gave one. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.name = 'AuthorizationServerError';
    this.status = status;
  }
}

export interface JsonRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST, as a form. */
  readonly form?: Readonly<Record<string, string>>;
}

/** @throws {AuthorizationServerError} with a sentence for the log; it contains no credential */
export async function fetchJson(url: string, { headers, form }: JsonRequest = {}): Promise<Fields> {
  let status: number | undefined;
  try {
    const response = await fetch(url, {
      // No connection is kept for the next request, which may come in hours.
      headers: { accept: 'application/json', connection: 'close', ...headers },
      redirect: 'error',
      signal: AbortSignal.timeout(DEADLINE_MS),
      ...(form !== undefined && { method: 'POST', body: new URLSearchParams(form) }),
    });
    status = response.status;
    const text = await readBounded(response);
    if (status !== 200) throw new Error(`it answered ${status}`);
    const parsed: unknown = JSON.parse(text);
    if (!isFields(parsed)) throw new Error('its answer is not a JSON object');
    return parsed;
  } catch (error) {
    throw new AuthorizationServerError(`${url}: ${reasonOf(error)}`, status);
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error('its answer is larger than 1 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `fetch` hides what happened in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return messageOf(error);
  if (error.name === 'TimeoutError') return `no answer within ${DEADLINE_MS / 1000} s`;
  return error.cause === undefined ? error.message : `${error.message} (${messageOf(error.cause)})`;
}
