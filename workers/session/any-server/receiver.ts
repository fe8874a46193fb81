/** Calls a server's `onmessage`, which may be async, and may throw. */
import type { ServerMessage } from '../../../src/shared/define-server.js';

/** A server as its transport calls it. */
export interface Receiver {
  onmessage?: (message: ServerMessage, extra?: object) => unknown;
}

/** @param failed called with what `onmessage` throws, at once or later */
export function receive(
  receiver: Receiver,
  message: ServerMessage,
  extra: object | undefined,
  failed: (error: unknown) => void,
): void {
  try {
    const returned = receiver.onmessage?.(message, extra);
    if (returned instanceof Promise) returned.catch(failed);
  } catch (error) {
    failed(error);
  }
}
