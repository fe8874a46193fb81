import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { GatewayEmitter } from '../../src/telemetry/events.js';
import { HttpResources } from '../../src/transports/http/http-resources.js';
import { HttpServer } from '../../src/transports/http/http-server.js';
import { afterThisTest } from '../support/cleanup.js';
import { collect } from '../support/events.js';
import { type RawSocket, rawSocket } from '../support/raw-socket.js';
import { standStill } from '../support/stand-still.js';

const DEADLINE_MS = 1_000;
const KEEP_ALIVE_MS = 200;
/** Node may wait a second longer than configured before it closes an idle connection. */
const STALL_MS = 4_000;
const HEAD = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n';

describe('a request that has come when its deadline is over, and has not been read', () => {
  it('is answered, where the process stood still, on a connection that was idle', async () => {
    const { socket } = await connection();
    socket.write(`${HEAD}0123456789`);
    await socket.received('read 0123456789');
    socket.write(`${HEAD}abcdefghij`);
    standStill(STALL_MS);
    await socket.received('read abcdefghij');
  });

  it('is answered, where its headers had begun to come', async () => {
    const { socket, refused } = await connection();
    socket.write(HEAD.slice(0, 30));
    await delay(50);
    socket.write(`${HEAD.slice(30)}0123456789`);
    standStill(STALL_MS);
    await socket.received('read 0123456789');
    expect(refused).to.deep.equal([]);
  });

  it('is answered, where its body had begun to come', async () => {
    const { socket, refused } = await connection();
    socket.write(`${HEAD}01234`);
    await delay(50);
    socket.write('56789');
    standStill(STALL_MS);
    await socket.received('read 0123456789');
    expect(refused).to.deep.equal([]);
  });

  it('may take a little longer, once, where more of it has come', async () => {
    const { socket, refused } = await connection();
    socket.write(`${HEAD}01234`);
    await delay(50);
    socket.write('5');
    standStill(STALL_MS);
    await socket.received('HTTP/1.1 408');
    await socket.end();
    expect(refused).to.have.length(1);
  });

  it('is refused where nothing more of it has come', async () => {
    const { socket } = await connection();
    socket.write(HEAD.slice(0, 30));
    await delay(50);
    standStill(STALL_MS);
    await socket.received('HTTP/1.1 408');
  });
});

async function connection(): Promise<{ socket: RawSocket; refused: unknown[] }> {
  const events = new GatewayEmitter();
  const http = new HttpResources({ events, maxBodyBytes: 1_024 });
  afterThisTest(() => http.close());
  const server = new HttpServer({
    connections: http.connections.mcp,
    events,
    host: '127.0.0.1',
    port: 0,
    option: { host: 'host', port: 'port' },
    headersDeadlineMs: DEADLINE_MS,
    requestDeadlineMs: DEADLINE_MS,
    keepAliveMs: KEEP_ALIVE_MS,
    handle: (request, response) => void echo(request, response),
  });
  afterThisTest(() => server.close(0));
  const { port } = await server.listen();
  const refused = collect(events, 'rejected');
  return { socket: await rawSocket(new URL(`http://127.0.0.1:${port}`)), refused };
}

async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  // A request that is refused is aborted.
  request.on('error', () => undefined);
  request.setEncoding('utf8');
  request.on('data', (text) => {
    body += text;
  });
  request.on('end', () => response.end(`read ${body}`));
}
