import { expect } from 'chai';
import { GatewayEmitter } from '../../src/telemetry/events.js';
import { createLog, type LogOptions } from '../../src/telemetry/log/log.js';
import { contextOf, exited, finished } from './metrics/fake-gateway.js';

function createTestLog(options: Partial<LogOptions> = {}) {
  const written: string[] = [];
  const events = new GatewayEmitter();
  const destination = { write: (line: string) => written.push(line) };
  const log = createLog({ events, level: 'info', format: 'json', destination, ...options });
  return { events, log, written, lines: () => written.map((line) => JSON.parse(line)) };
}

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 };
const moduleLine = {
  context: contextOf(),
  key: 'request-9',
  source: 'session' as const,
  level: 'info' as const,
  message: 'hello',
  fields: undefined,
};

describe('log', () => {
  it('has one line for the start and one for the end of a session', () => {
    const { events, lines } = createTestLog();
    const context = contextOf();
    events.emit('session-started', { context });
    events.emit('session-ended', { context, reason: 'disconnect', durationMs: 1234.5, requests: 7 });
    const [started, ended, ...more] = lines();
    const who = { sessionId: 'session-1', client: 'claude-code', transport: 'streamable-http' };
    expect(started).to.include({
      ...who,
      level: LEVELS.info,
      msg: 'session started',
      remoteAddress: '127.0.0.1',
    });
    expect(ended).to.include({ ...who, msg: 'session ended', reason: 'disconnect', requests: 7 });
    expect(more).to.deep.equal([]);
  });

  it('has one line for a failed call, with session, request, client and reason', () => {
    const { events, lines } = createTestLog();
    events.emit(
      'request-finished',
      finished({
        failure: '-32603',
        reason: 'thread_out_of_memory',
        message: 'The thread ran out of memory.',
      }),
    );
    expect(lines()).to.have.length(1);
    expect(lines()[0]).to.include({
      level: LEVELS.warn,
      sessionId: 'session-1',
      request: 'request-1',
      client: 'claude-code',
      reason: 'thread_out_of_memory',
      tool: 'echo',
      detail: 'The thread ran out of memory.',
    });
  });

  it('has the code of an error with which the server itself has answered', () => {
    const { events, lines } = createTestLog();
    events.emit('request-finished', finished({ failure: '-32603' }));
    expect(lines()[0]).to.include({ level: LEVELS.warn, reason: '-32603' });
  });

  it('has none for a call that succeeds', () => {
    const { events, written } = createTestLog({ level: 'debug' });
    events.emit('request-finished', finished());
    expect(written).to.deep.equal([]);
  });

  it('warns of a thread that crashed and not of one that ended', () => {
    const { events, lines } = createTestLog();
    events.emit('thread-exited', exited(1));
    events.emit('thread-exited', { ...exited(2, { cause: 'crash' }), context: contextOf(), message: 'boom' });
    expect(lines()).to.have.length(1);
    expect(lines()[0]).to.include({ level: LEVELS.warn, thread: 2, cause: 'crash', detail: 'boom' });
  });

  it('says whether it was a thread or a process', () => {
    const { events, lines } = createTestLog();
    const crash = exited(1, { cause: 'crash' });
    events.emit('thread-exited', crash);
    events.emit('thread-exited', { ...crash, isolation: 'process' });
    expect(lines().map(({ msg }) => msg)).to.deep.equal(['thread exited', 'process exited']);
  });

  it('reports a stuck thread as an error', () => {
    const { events, lines } = createTestLog();
    events.emit('thread-stuck', { thread: 3, isolation: 'thread', context: contextOf(), running: ['read'] });
    expect(lines()[0]).to.deep.include({
      level: LEVELS.error,
      thread: 3,
      sessionId: 'session-1',
      server: 'env',
      running: ['read'],
    });
  });

  it('names what ran in a thread that ended, with its control characters escaped', () => {
    const { events, lines } = createTestLog();
    events.emit('thread-exited', { ...exited(1, { cause: 'crash' }), running: ['echo', 'two\nlines'] });
    events.emit('thread-exited', { ...exited(2, { cause: 'crash' }), running: [] });
    expect(lines()[0]?.running).to.deep.equal(['echo', String.raw`two\nlines`]);
    expect(lines()[1]).to.not.have.property('running');
  });

  it('writes the lines of a module at their level, with session and request', () => {
    const { events, lines } = createTestLog();
    events.emit('module-log', { ...moduleLine, level: 'warn', fields: { file: 'a.txt', count: 2 } });
    expect(lines()[0]).to.include({
      level: LEVELS.warn,
      sessionId: 'session-1',
      request: 'request-9',
      msg: 'hello',
    });
    expect(lines()[0].fields).to.deep.equal({ file: 'a.txt', count: 2 });
  });

  it('tells of dropped module lines and of notices', () => {
    const { events, lines } = createTestLog();
    events.emit('module-log-dropped', { context: contextOf(), lines: 12 });
    events.emit('notice', { level: 'error', message: 'Look here.', fields: { metric: 'x' } });
    expect(lines()[0]).to.include({ level: LEVELS.warn, lines: 12 });
    expect(lines()[1]).to.include({ level: LEVELS.error, msg: 'Look here.', metric: 'x' });
  });

  describe('refused requests', () => {
    const refusal = (status: number) => {
      return { reason: 'unauthorized' as const, status, sessionId: undefined, remoteAddress: '10.0.0.1' };
    };

    it('are debug lines', () => {
      const { events, lines } = createTestLog({ level: 'debug' });
      events.emit('rejected', { ...refusal(404), reason: 'session_unknown' });
      expect(lines()[0]).to.include({ level: LEVELS.debug, status: 404, reason: 'session_unknown' });
    });

    it('are warnings when the header has an older version than the body, with the name of the client', () => {
      const { events, lines } = createTestLog();
      const detail = 'the client says it is "claude-ai" "0.1"';
      events.emit('rejected', { ...refusal(400), reason: 'version_header', detail });
      events.emit('rejected', { ...refusal(400), reason: 'header_mismatch', detail });
      expect(lines()).to.have.length(1);
      expect(lines()[0]).to.include({ level: LEVELS.warn, reason: 'version_header', detail });
    });

    it('are warnings when they are 401 or 403, but only a few of many', () => {
      const { events, lines } = createTestLog();
      for (let index = 0; index < 1000; index += 1)
        events.emit('rejected', refusal(index % 2 === 0 ? 401 : 403));
      expect(lines()).to.have.length(5);
      expect(lines()[0]).to.include({ level: LEVELS.warn, status: 401, remoteAddress: '10.0.0.1' });
    });
  });

  it('warns of connections that the gateway closed, but only of a few of many', () => {
    const { events, lines } = createTestLog();
    const drop = { listener: 'mcp', reason: 'evicted', remoteAddress: '127.0.0.1' } as const;
    for (let index = 0; index < 100; index += 1) events.emit('connection-dropped', drop);
    expect(lines().map(({ level }) => level)).to.deep.equal(Array(5).fill(LEVELS.warn));
    expect(lines()[0]).to.include({ ...drop, msg: 'connection closed by the gateway' });
  });

  describe('what clients and modules say', () => {
    const hostile = '\u001b[2J\u001b]0;owned\u0007\u009b31m\r\nINFO: forged \u202egnp';

    for (const format of ['json', 'pretty'] as const) {
      it(`never reaches a terminal with control characters, in the ${format} format`, () => {
        const { events, written } = createTestLog({ format });
        const context = contextOf({ client: { name: hostile, version: hostile }, userAgent: hostile });
        events.emit('session-started', { context });
        events.emit('module-log', {
          ...moduleLine,
          context,
          message: hostile,
          fields: { [hostile]: hostile },
        });
        events.emit(
          'request-finished',
          finished({ context, tool: hostile, method: hostile, failure: '-32000' }),
        );
        expect(written).to.have.length(3);
        for (const line of written) {
          const [first = '', ...below] = line.slice(0, -1).split('\n');
          for (const part of [first, ...below]) expect(part).to.not.match(/[\p{Cc}\u202e]/u);
          // What has several lines of its own looks like no line of the log.
          if (format === 'json') expect(below).to.deep.equal([]);
          for (const part of below) expect(part).to.match(/^ {4}/);
          expect(line).to.contain('forged');
        }
      });
    }

    it('is cut', () => {
      const { events, written } = createTestLog();
      const fields = { long: 'x'.repeat(1e6), list: Array.from({ length: 1e4 }, () => 'y'.repeat(1000)) };
      events.emit('module-log', { ...moduleLine, message: 'z'.repeat(1e6), fields });
      expect(written[0]?.length).to.be.below(50_000);
    });

    it('is taken in any shape', () => {
      const { events, lines } = createTestLog();
      const circle: Record<string, unknown> = {
        big: 1n,
        date: new Date(0),
        bytes: new Uint8Array(9),
        map: new Map(),
      };
      circle.self = circle;
      events.emit('module-log', { ...moduleLine, fields: circle });
      expect(lines()[0].fields).to.include({ big: '1', bytes: '[9 bytes]' });
    });

    it('loses what is named like a secret, however the name is written', () => {
      const { events, written } = createTestLog();
      const secrets = ['authorization', 'api_key', 'apiKey', 'API-KEY', 'x-auth-token', 'accessToken'];
      secrets.push('clientSecret', 'DB_PASSWORD', 'dbPassword', 'privateKey', 'Set-Cookie', 'credentials');
      const fields = {
        ...Object.fromEntries(secrets.map((name) => [name, 'abc'])),
        nested: { refreshToken: 'abc', tokens: 5, secretary: 'ann', key: 'k' },
      };
      events.emit('module-log', { ...moduleLine, fields });
      expect(written[0]).to.not.contain('abc');
      expect(JSON.parse(written[0] ?? '').fields.nested).to.include({
        tokens: 5,
        secretary: 'ann',
        key: 'k',
      });
    });
  });

  it('writes nothing after it was closed', async () => {
    const { events, log, written } = createTestLog();
    await log.close();
    events.emit('session-started', { context: contextOf() });
    expect([written.length, events.eventNames()]).to.deep.equal([0, []]);
  });
});
