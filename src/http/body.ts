import type { IncomingMessage } from 'node:http';

export type Body =
  | { readonly outcome: 'text'; readonly text: string }
  | { readonly outcome: 'too-large' }
  /** The client went away in the middle of it. */
  | { readonly outcome: 'aborted' };

/** Reads a body of at most so many bytes as UTF-8 and calls back once. A larger one is not read to its end. */
export function readBody(request: IncomingMessage, maxBytes: number, done: (body: Body) => void): void {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) {
    done({ outcome: 'too-large' });
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  let finished = false;
  // The listeners stay: taking three of them away again for each request costs more than these flags.
  const finish = (body: Body): void => {
    if (finished) return;
    finished = true;
    done(body);
  };
  request.on('data', (chunk: Buffer) => {
    if (finished) return;
    bytes += chunk.length;
    if (bytes > maxBytes) finish({ outcome: 'too-large' });
    else chunks.push(chunk);
  });
  request.on('end', () => {
    if (finished) return;
    const [first] = chunks;
    const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, bytes);
    finish({ outcome: 'text', text: whole.toString('utf8') });
  });
  request.on('close', () => finish({ outcome: 'aborted' }));
}
