/**
 * One HTTP request over one kept-alive connection. `Client.dispatch` because the client shares the machine's
 * cores with the server that it measures: it costs 23 µs a call where `Client.request` costs 27 and a hand-written
 * client on a raw socket 16.
 */
import type { Client } from 'undici';

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly sessionId: string | undefined;
  readonly body: string;
}

function text(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** Sends one request and reads its answer to the end; an SSE stream is read until the server closes it. */
export function exchange(
  client: Client,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | null,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let contentType = '';
    let sessionId: string | undefined;
    let received = '';
    client.dispatch(
      { method, path, headers, body },
      {
        onRequestStart() {
          // undici tells the current handler interface from the old one by this method.
        },
        onResponseStart(_controller, statusCode, fields) {
          status = statusCode;
          contentType = text(fields['content-type']) ?? '';
          sessionId = text(fields['mcp-session-id']);
        },
        onResponseData(_controller, chunk) {
          received += chunk.toString();
        },
        onResponseEnd() {
          resolve({ status, contentType, sessionId, body: received });
        },
        onResponseError(_controller, error) {
          reject(error);
        },
      },
    );
  });
}
