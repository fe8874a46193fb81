import type { MessagePort } from 'node:worker_threads';

/**
 * The name under which Node looks for the function that receives a port's messages
 * (`lib/internal/per_context/messageport.js`, in all of Node 20 to 24). A port's own function finds its listeners as an
 * `EventTarget` does, with nine functions for each message. That is a tenth of what a call takes in a cold thread.
 */
const DISPATCH = Symbol.for('nodejs.internal.kHybridDispatch');

type Dispatch = (this: MessagePort, value: unknown, type: string, event: unknown) => void;

/** Calls `receive` with each message of the port. If Node looks for no such function, it is a normal listener. */
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
