import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { type Body, readBody } from '../../../src/transports/http/body.js';
import { BodyBudget } from '../../../src/transports/http/body-budget.js';
import { afterThisTest } from '../../support/cleanup.js';
import { until } from '../../support/deadline.js';
import { collect } from '../../support/events.js';
import { type RawSocket, rawSocket, requestText } from '../../support/raw-socket.js';

const KIB = 1024;
const LIMIT_BYTES = 256 * KIB;

describe('the budget of unfinished bodies', () => {
  it('holds nothing for a body that has only been announced', async () => {
    const { budget, open, requests } = await server();
    await open(100 * KIB, '');
    await until(() => requests.count === 1, 'the request');
    expect(budget.usedBytes).to.equal(0);
  });

  it('holds nothing for a body that comes in one piece, and nothing after one that comes in many', async () => {
    const { budget, open, bodies } = await server();
    await open(3, 'abc');
    await until(() => bodies.length === 1, 'the body');
    const text = 'ä'.repeat(50 * KIB);
    const socket = await open(100 * KIB, '');
    for (let at = 0; at < text.length; at += 1_000) socket.socket.write(text.slice(at, at + 1_000), 'utf8');
    await until(() => bodies.length === 2, 'the second body');
    expect(bodies).to.deep.equal([
      { outcome: 'text', text: 'abc' },
      { outcome: 'text', text },
    ]);
    expect(budget.usedBytes).to.equal(0);
  });

  it('counts what is held, and gives it back when the client goes away', async () => {
    const { budget, open, bodies } = await server();
    const socket = await open(200 * KIB, 'x'.repeat(100 * KIB));
    await until(() => budget.usedBytes >= 100 * KIB, 'the bytes');
    // Chunks are collected in blocks of 16 KiB.
    expect(budget.usedBytes).to.be.at.most(100 * KIB + 16 * KIB);
    socket.socket.destroy();
    await until(() => bodies.length === 1, 'the end');
    expect(bodies).to.deep.equal([{ outcome: 'aborted' }]);
    expect(budget.usedBytes).to.equal(0);
  });

  it('counts a body that comes byte by byte at what it costs', async () => {
    const { budget, requests } = await server();
    const socket = await rawSocket(requests.url);
    socket.write(requestText('POST', requests.url, { 'transfer-encoding': 'chunked' }));
    socket.write('1\r\nx\r\n'.repeat(40 * KIB));
    await until(() => budget.usedBytes >= 40 * KIB, 'the bytes');
    expect(budget.usedBytes).to.equal(48 * KIB);
  });

  it('refuses what has held most for longest when it is used up, and a small body passes', async () => {
    const { budget, open, bodies, notices } = await server();
    const hoarders = [];
    for (let count = 0; count < 6; count += 1) {
      hoarders.push(await open(200 * KIB, 'x'.repeat(100 * KIB)));
      await until(() => bodies.length + Math.ceil(budget.usedBytes / (116 * KIB)) > count, 'its bytes');
      expect(budget.usedBytes).to.be.at.most(LIMIT_BYTES);
    }
    expect(bodies.length).to.be.at.least(3);
    expect(bodies.every(({ outcome }) => outcome === 'no-room')).to.equal(true);
    const before = bodies.length;
    const small = await open(6, 'abc');
    small.write('def');
    await until(() => bodies.some((body) => body.outcome === 'text'), 'the small body');
    expect(bodies.slice(before)).to.deep.equal([{ outcome: 'text', text: 'abcdef' }]);
    expect(notices.map(({ fields }) => fields?.limitBytes)).to.deep.equal([LIMIT_BYTES]);
  });
});

async function server() {
  const events = new GatewayEmitter();
  const notices = collect(events, 'notice');
  const budget = new BodyBudget({ limitBytes: LIMIT_BYTES, events });
  const bodies: Body[] = [];
  const http = createServer((request, response) => {
    requests.count += 1;
    readBody(request, response, { maxBodyBytes: 1024 * KIB, bodies: budget }, (body) => {
      bodies.push(body);
      if (body.outcome !== 'aborted') response.end();
    });
  });
  afterThisTest(() => new Promise((resolve) => http.close(() => resolve())));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const requests = { count: 0, url: new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`) };
  const open = async (announcedBytes: number, begun: string): Promise<RawSocket> => {
    const socket = await rawSocket(requests.url);
    socket.write(requestText('POST', requests.url, { 'content-length': announcedBytes }) + begun);
    return socket;
  };
  return { budget, bodies, notices, requests, open };
}
