import { createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { fuzz } from '../slow/fuzz/fuzz-run.js';
import { inputOf } from '../slow/fuzz/grammar/inputs.js';
import { type Input, KINDS, type Kind, type Surroundings } from '../slow/fuzz/input.js';
import { judge } from '../slow/fuzz/judge.js';
import { afterThisTest } from '../support/cleanup.js';

const SURROUNDINGS: Surroundings = { streamable: () => 's', legacy: () => 'l', eventId: () => '1.get' };
const SECRET = 'what another session keeps';
const OK = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
/** What a fake server does with the one kind of input that it cannot handle. */
const FAULTS: Readonly<Record<string, (socket: Socket) => void>> = {
  'neither answered nor closed': () => undefined,
  'closed without an answer': (socket) => socket.destroy(),
  'begun, but neither ended': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab'),
  'the answer is no HTTP': (socket) =>
    socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 400 Bad Request\r\n'),
  'the answer has something like': (socket) => answer(socket, 400, 'Error: a\n    at f (x.js:1:2)'),
  'the path /srv/gateway is in the answer': (socket) => answer(socket, 400, 'no such file: /srv/gateway/a'),
  "another session's secret": (socket) => answer(socket, 400, `{"kept":"${SECRET}"}`),
  'status 500': (socket) => answer(socket, 500, ''),
  'a body that is no JSON': (socket) => answer(socket, 200, '{"jsonrpc":', 'application/json'),
  'without "jsonrpc"': (socket) => answer(socket, 200, '{"id":1,"result":{}}', 'application/json'),
  'an error without a code': (socket) =>
    answer(socket, 200, '{"jsonrpc":"2.0","id":null,"error":{"code":"a"}}', 'application/json'),
};

function answer(socket: Socket, status: number, body: string, type = 'text/plain'): void {
  const headers = `Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
  socket.end(`HTTP/1.1 ${status} A\r\n${headers}\r\n\r\n${body}`);
}

/** Applies the fault to each connection whose first bytes name that tool, and answers all others. */
async function faultyServer(tool: string, fault: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.once('data', (bytes) => {
      if (bytes.includes(tool)) fault(socket);
      else socket.end(OK);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  afterThisTest(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => void server.close(resolve));
  });
  return (server.address() as { port: number }).port;
}

function inputs(count: number, seed = 1): Input[] {
  return Array.from({ length: count }, (_, index) => inputOf(seed, index, SURROUNDINGS));
}

describe('the fuzzer', () => {
  for (const [fault, behave] of Object.entries(FAULTS)) {
    it(`finds that an input is answered wrongly: ${fault}`, async () => {
      const tool = '"name":"steps","arguments"';
      const port = await faultyServer(tool, behave);
      const address = { host: '127.0.0.1', port };
      const meant = inputs(600).flatMap((input, index) => {
        const [first] = input.pieces;
        return input.ending === 'answer' && input.pieces.length === 1 && first?.includes(tool) ? [index] : [];
      });
      const { findings } = await fuzz({
        addresses: { mcp: address, admin: address },
        seed: 1,
        indices: [...meant.slice(0, 2), ...Array.from({ length: 40 }, (_, index) => index)],
        lanes: 4,
        deadlineMs: 1_000,
        threadDeadlineMs: 1_000,
        secrets: { secret: SECRET, paths: ['/srv/gateway'] },
        surroundings: SURROUNDINGS,
      });
      const found = findings.filter(({ index }) => meant.includes(index));
      expect(found.map((finding) => finding.fault).join('\n')).to.include(fault);
      expect(
        findings.every(({ index }) => inputOf(1, index, SURROUNDINGS).pieces[0]?.includes(tool)),
      ).to.equal(true);
    });
  }

  it('finds nothing where every input is answered rightly', async () => {
    const port = await faultyServer('no input has this', () => undefined);
    const address = { host: '127.0.0.1', port };
    const { findings, inputs: sent } = await fuzz({
      addresses: { mcp: address, admin: address },
      seed: 1,
      indices: Array.from({ length: 300 }, (_, index) => index),
      lanes: 8,
      deadlineMs: 10_000,
      threadDeadlineMs: 10_000,
      secrets: { secret: SECRET, paths: ['/srv/gateway'] },
      surroundings: SURROUNDINGS,
    });
    expect(findings).to.deep.equal([]);
    expect(Object.values(sent).reduce((sum, count) => sum + count, 0)).to.equal(300);
  });

  it('takes no input that it does not send, so that another run can go on from there', async () => {
    const port = await faultyServer('', (socket) => socket.destroy());
    const address = { host: '127.0.0.1', port };
    const indices = Array.from({ length: 300 }, (_, index) => index).values();
    const { inputs: sent } = await fuzz({
      addresses: { mcp: address, admin: address },
      seed: 1,
      indices,
      lanes: 8,
      deadlineMs: 10_000,
      threadDeadlineMs: 10_000,
      secrets: { secret: SECRET, paths: [] },
      surroundings: SURROUNDINGS,
    });
    const count = Object.values(sent).reduce((sum, times) => sum + times, 0);
    expect(count).to.be.below(300);
    expect(indices.next().value).to.equal(count);
  });

  it('lets a path come back to the client that sent it', () => {
    const input = { ...inputs(1)[0]!, pieces: [Buffer.from('{"id":"notifications/roots/list_changed"}')] };
    const body = 'the request notifications/roots/list_changed failed';
    const answered = { status: 400, headers: new Map<string, string>(), body, complete: true };
    const secrets = { secret: SECRET, paths: ['/root'] };
    expect(judge(input, answered, secrets)).to.equal(undefined);
    expect(judge({ ...input, pieces: [Buffer.from('{}')] }, answered, secrets)).to.include('the path /root');
  });

  it('says which inputs were on their way when the run was stopped', async () => {
    let stopped = false;
    const port = await faultyServer('', (socket) => {
      stopped = true;
      socket.destroy();
    });
    const address = { host: '127.0.0.1', port };
    const { onTheWay } = await fuzz({
      addresses: { mcp: address, admin: address },
      seed: 1,
      indices: [7],
      lanes: 1,
      deadlineMs: 10_000,
      threadDeadlineMs: 10_000,
      secrets: { secret: SECRET, paths: [] },
      surroundings: SURROUNDINGS,
      stopped: () => stopped,
    });
    expect(onTheWay).to.deep.equal([7]);
  });
});

describe('the grammar of fuzzed inputs', () => {
  it('makes the same input of a seed and an index, whatever was made before', () => {
    expect(inputOf(5, 321, SURROUNDINGS)).to.deep.equal(inputs(400, 5)[321]);
    expect(inputOf(5, 321, SURROUNDINGS)).not.to.deep.equal(inputOf(6, 321, SURROUNDINGS));
  });

  it('reaches each kind, both listeners and each ending', () => {
    const made = inputs(3_000);
    const counts = new Map<Kind, number>();
    for (const { kind } of made) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    for (const kind of KINDS) expect(counts.get(kind), kind).to.be.above(3);
    expect(new Set(made.map(({ listener }) => listener))).to.have.keys('mcp', 'admin');
    expect(new Set(made.map(({ ending }) => ending))).to.have.keys('answer', 'end', 'destroy');
  });

  const reached: Readonly<Record<string, (text: string) => boolean>> = {
    'Streamable HTTP': (text) => text.startsWith('POST /mcp '),
    'HTTP+SSE': (text) => text.startsWith('POST /messages?sessionId=l '),
    'a stream that is resumed': (text) => /^Last-Event-ID: 1\.get\r$/m.test(text),
    'a Host header of many colons': (text) => /^Host: :{1000,}/m.test(text),
    'ten thousand levels of JSON': (text) => text.includes('['.repeat(10_000)),
    'objects as deep as a stack': (text) => text.includes('{"a":'.repeat(5_000)),
    'a body above the limit of 1 MiB': (text) => text.length > 1_048_576,
    'a chunked body': (text) => /^Transfer-Encoding: chunked\r$/m.test(text),
    'a batch': (text) => text.includes('\r\n\r\n[{'),
    'a cancellation': (text) => text.includes('notifications/cancelled'),
    'the name of a prototype': (text) => text.includes('"name":"__proto__"'),
  };
  it('reaches what faults were found by', () => {
    const texts = inputs(12_000).map(({ pieces }) => Buffer.concat(pieces).toString('latin1'));
    for (const [what, isIt] of Object.entries(reached)) expect(texts.some(isIt), what).to.equal(true);
  });
});
