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
  const finish = (body: Body): void => {
    request.removeListener('data', onData);
    request.removeListener('end', onEnd);
    request.removeListener('close', onClose);
    done(body);
  };
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > maxBytes) finish({ outcome: 'too-large' });
    else chunks.push(chunk);
  };
  const onEnd = (): void => {
    const [first] = chunks;
    const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, bytes);
    finish({ outcome: 'text', text: whole.toString('utf8') });
  };
  const onClose = (): void => finish({ outcome: 'aborted' });
  request.on('data', onData);
  request.on('end', onEnd);
  request.on('close', onClose);
}
