import type { MessagePort } from 'node:worker_threads';

/**
 * By this name Node looks a function up that takes a port's messages (`lib/internal/per_context/messageport.js`, in all
 * of Node 20 to 24). The one that a port has finds its listeners as an `EventTarget` does: nine functions for each
 * message, a tenth of what a call costs a young thread.
 */
const DISPATCH = Symbol.for('nodejs.internal.kHybridDispatch');

type Dispatch = (this: MessagePort, value: unknown, type: string, event: unknown) => void;

/** Calls `receive` with each message of the port. It is a listener as any other where Node looks for no such function. */
export function onMessages<Message>(port: MessagePort, receive: (message: Message) => void): void {
  port.on('message', receive);
  const dispatch: Dispatch | undefined = Reflect.get(port, DISPATCH);
  if (dispatch === undefined) return;
  const direct: Dispatch = function (value, type, event) {
    if (type === 'message') receive(value as Message);
    else dispatch.call(this, value, type, event);
  };
  Object.defineProperty(port, DISPATCH, { value: direct });
}
