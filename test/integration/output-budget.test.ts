import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
import { expect } from 'chai';
import { GatewayEmitter } from '../../src/telemetry/events.js';
import { OutputBudget } from '../../src/transports/http/output-budget.js';
import { SseStream } from '../../src/transports/http/sse-stream.js';
import { afterThisTest } from '../support/cleanup.js';
import { until } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { type RawSocket, rawSocket, requestText } from '../support/raw-socket.js';
import { standStill } from '../support/stand-still.js';

const MIB = 1024 * 1024;
/** More than the buffers of a loopback connection accept for a client that does not read. */
const MESSAGE = 'x'.repeat(12 * MIB);
const STALL_MS = 1_000;

describe('the budget of output that has not left', () => {
  it('holds nothing while clients read, and gives back what they have read', async () => {
    const { output, open } = await server(64 * MIB);
    const { stream, socket } = await open();
    stream.write('1', 'short');
    expect(output.usedBytes).to.equal(0);
    const drained = new Promise<void>((resolve) => {
      stream.owner = { onDrain: () => resolve(), onClose: () => {} };
    });
    expect(stream.write('2', MESSAGE)).to.equal(false);
    expect(output.usedBytes).to.be.within(12 * MIB, 13 * MIB);
    socket.socket.resume();
    await drained;
    expect(output.usedBytes).to.equal(0);
  });

  it('closes the streams whose bytes wait most and longest when it is used up, counted and logged', async () => {
    const { output, open, events } = await server(30 * MIB);
    const drops = collect(events, 'connection-dropped');
    const notices = collect(events, 'notice');
    const first = await open();
    const second = await open();
    const third = await open();
    for (const { stream } of [first, second, third]) {
      stream.write('1', MESSAGE);
      expect(output.usedBytes).to.be.at.most(30 * MIB);
    }
    await first.closed;
    expect(drops).to.deep.equal([{ listener: 'mcp', reason: 'output_budget', remoteAddress: '127.0.0.1' }]);
    expect(notices.map(({ level, fields }) => [level, fields])).to.deep.equal([
      ['warn', { closed: 1, limitBytes: 30 * MIB }],
    ]);
    for (const { socket } of [second, third]) {
      socket.socket.resume();
      await until(() => socket.text.length > MESSAGE.length, 'all of the message');
    }
    await until(() => output.usedBytes === 0, 'nothing to wait');
  });

  it('counts an answer as JSON as it counts events', async () => {
    const { output, open } = await server(64 * MIB, false);
    const { stream, socket } = await open();
    expect(stream.answer(MESSAGE)).to.equal(false);
    expect(output.usedBytes).to.be.at.least(12 * MIB);
    socket.socket.destroy();
    await until(() => output.usedBytes === 0, 'nothing to wait');
  });
});

describe('a client that takes nothing while bytes wait for it', () => {
  it('is given up after the deadline, and not after twice that', async () => {
    const { output, open, events } = await server(64 * MIB);
    const { stream, closed } = await open();
    const stalled = once(events, 'stream-closed');
    const startedMs = performance.now();
    stream.write('1', MESSAGE);
    // In turns of the same event loop, as for the deadline: time in which the process does not run counts for neither.
    const twice = turns(20, STALL_MS / 10).then(() => 'twice the deadline');
    expect(await Promise.race([closed.then(() => 'given up'), twice])).to.equal('given up');
    expect(performance.now() - startedMs).to.be.at.least(STALL_MS);
    expect(await stalled).to.include({ stalled: true });
    expect(output.usedBytes).to.equal(0);
  });

  it('is not given up for the time in which the whole process stood still', async () => {
    const { open, events } = await server(64 * MIB);
    const drops = collect(events, 'connection-dropped');
    const { stream, socket } = await open();
    stream.write('1', MESSAGE);
    standStill(STALL_MS + 500);
    socket.socket.resume();
    await until(() => socket.text.length > MESSAGE.length, 'all of the message');
    expect(drops).to.deep.equal([]);
  });

  it('is given up as well where a few bytes wait that nobody had to hold back', async () => {
    const { open, events } = await server(64 * MIB, true, 50);
    const { stream, closed } = await open();
    const closings = collect(events, 'stream-closed');
    // Fills the buffers of the connection completely, and then a little more.
    const taken = async (): Promise<boolean> => {
      expect(stream.write('1', 'x'.repeat(4 * 1024))).to.equal(true);
      await immediate();
      return stream.waitingBytes > 0;
    };
    while (!(await taken()));
    await closed;
    expect(closings).to.deep.equal([{ kind: 'get', stalled: true }]);
  });

  it('is not given up while it reads, however slowly one message leaves', async () => {
    const { output, open, events } = await server(64 * MIB);
    const closings = collect(events, 'stream-closed');
    const { stream, socket } = await open();
    stream.write('1', MESSAGE);
    const deadlineMs = performance.now() + 3 * STALL_MS;
    // A part of it in each quarter of the deadline, so that all of it leaves only after the deadline.
    while (performance.now() < deadlineMs) {
      const read = socket.text.length;
      socket.socket.resume();
      await until(() => socket.text.length > read + 256 * 1024 || output.usedBytes === 0, 'a part');
      socket.socket.pause();
      const pauseMs = performance.now() + STALL_MS / 4;
      await until(() => performance.now() > pauseMs, 'the pause');
    }
    expect(closings).to.deep.equal([]);
  });
});

async function turns(count: number, everyMs: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await delay(everyMs, undefined, { ref: false });
}

interface Opened {
  readonly stream: SseStream;
  /** Paused: it has read nothing. */
  readonly socket: RawSocket;
  readonly closed: Promise<void>;
}

async function server(limitBytes: number, sse = true, keepAliveMs = 60_000) {
  const events = new GatewayEmitter();
  const output = new OutputBudget({ events, limitBytes, stallMs: STALL_MS });
  const responses: ServerResponse[] = [];
  const http = createServer((_request, response) => responses.push(response));
  afterThisTest(() => new Promise((resolve) => http.close(() => resolve())));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
  const open = async (): Promise<Opened> => {
    const socket = await rawSocket(url, true);
    socket.write(requestText('GET', url));
    const response = await until(() => responses.pop(), 'the request');
    const stream = new SseStream({ kind: 'get', response, sessionId: 's', keepAliveMs, events, output });
    const closed = new Promise<void>((resolve) => {
      stream.owner = { onDrain: () => {}, onClose: () => resolve() };
    });
    if (sse) stream.open(undefined, 1_000);
    return { stream, socket, closed };
  };
  return { events, output, open };
}
