import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { onMessages } from '../../workers/session/port-messages.js';

/** The name under which Node calls the function that receives a port's messages. */
const DISPATCH = Symbol.for('nodejs.internal.kHybridDispatch');

describe('The messages of a port, past Node’s event target', () => {
  it('come in order and once each, values as they are', async () => {
    const { port1, port2 } = new MessageChannel();
    const received: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      onMessages(port1, (message) => {
        received.push(message);
        if (message === 'last') resolve();
      });
    });
    for (const message of ['a', { b: [1] }, undefined, 'last']) port2.postMessage(message);
    await all;
    expect(received).to.deep.equal(['a', { b: [1] }, undefined, 'last']);
    port2.close();
    await once(port1, 'close');
  });

  it('let what one starts run before the next comes', async () => {
    const { port1, port2 } = new MessageChannel();
    const order: string[] = [];
    const all = new Promise<void>((resolve) => {
      onMessages<string>(port1, (message) => {
        order.push(message);
        void Promise.resolve().then(() => order.push(`after ${message}`));
        if (message === 'b') setImmediate(resolve);
      });
    });
    port2.postMessage('a');
    port2.postMessage('b');
    await all;
    expect(order).to.deep.equal(['a', 'after a', 'b', 'after b']);
    port2.close();
    await once(port1, 'close');
  });

  it('leave other events to their listeners', async () => {
    const { port1, port2 } = new MessageChannel();
    onMessages(port1, () => {});
    const closed = once(port1, 'close');
    port2.close();
    await closed;
  });

  it('come to a listener where Node knows no such shortcut', async () => {
    const { port1, port2 } = new MessageChannel();
    const received: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      const port = Object.assign(Object.create(port1) as typeof port1, { [DISPATCH]: undefined });
      Object.assign(port, { on: port1.on.bind(port1) });
      onMessages(port, (message) => {
        received.push(message);
        resolve();
      });
    });
    port2.postMessage('a');
    await all;
    expect(received).to.deep.equal(['a']);
    port2.close();
    await once(port1, 'close');
  });
});
