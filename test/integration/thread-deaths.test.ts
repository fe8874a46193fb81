import { expect } from 'chai';
import type { ThreadExitCause } from '../../src/telemetry/events.js';
import { neighbourOf } from '../fixtures/isolation/neighbour.js';
import { endSessions } from '../fixtures/isolation/sessions.js';
import { withDeadline } from '../support/deadline.js';
import { once } from '../support/events.js';
import { expectError, expectRejection } from '../support/expectations.js';
import { connectedClient, rawClient, sharedGateway, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { initializeRequest, type JsonRpcMessage, textOf, toolCall } from '../support/raw-client.js';

/** To start a thread and fill its memory, on a machine that also runs other tests. */
const DEATH_DEADLINE_MS = 60_000;
const SMALL_THREADS = { threadHeapMb: 64, threadMemoryMb: 256 };
const QUICK = { sseAfter: '20ms', cancelGrace: '100ms', spareThreads: 2 };

interface ErrorData {
  readonly reason: string;
  readonly requestKey: string;
}

type Death = [
  what: string,
  tool: string,
  args: Record<string, unknown>,
  cause: ThreadExitCause,
  message: RegExp,
];

const deaths: readonly Death[] = [
  ['process.exit(0)', 'exit', { code: 0 }, 'exit', /process\.exit\(0\)/],
  ['process.exit(1)', 'exit', { code: 1 }, 'exit', /process\.exit\(1\)/],
  ['an uncaught exception', 'crash_throw', {}, 'crash', /crashed: thrown in a timer/],
  ['an unhandled rejection', 'crash_reject', {}, 'crash', /crashed: rejected and not handled/],
  ['a heap full of objects', 'oom_objects', {}, 'out_of_memory', /thread-heap-mb/],
  [
    'a heap full of objects, with awaits',
    'oom_objects_slowly',
    {},
    'out_of_memory',
    /thread-(heap|memory)-mb/,
  ],
  ['2 GiB of Buffers in a loop', 'oom_buffers', { how: 'loop' }, 'out_of_memory', /thread-memory-mb/],
  ['2 GiB of Buffers, with awaits', 'oom_buffers', { how: 'await' }, 'out_of_memory', /thread-memory-mb/],
];

const otherDeaths: readonly Death[] = [
  ['2 GiB of typed arrays, with awaits', 'oom_typed_arrays', {}, 'out_of_memory', /thread-memory-mb/],
  ['a heap full of strings', 'oom_strings', {}, 'out_of_memory', /thread-(heap|memory)-mb/],
  ['a heap full of promises', 'oom_promises', {}, 'out_of_memory', /thread-(heap|memory)-mb/],
  ['an uncaught null', 'throw_no_error', { what: 'null', how: 'throw' }, 'crash', /crashed/],
  ['an uncaught text', 'throw_no_error', { what: 'text', how: 'throw' }, 'crash', /a plain text/],
  ['an uncaught undefined', 'throw_no_error', { what: 'undefined', how: 'throw' }, 'crash', /undefined/],
  ['an uncaught symbol', 'throw_no_error', { what: 'symbol', how: 'throw' }, 'crash', /crashed/],
  ['a rejection with null', 'throw_no_error', { what: 'null', how: 'reject' }, 'crash', /null/],
  ['a rejection with a text', 'throw_no_error', { what: 'text', how: 'reject' }, 'crash', /a plain text/],
  ['a rejection with an object', 'throw_no_error', { what: 'object', how: 'reject' }, 'crash', /crashed/],
];

describe('a thread that dies hurts its own session alone', function () {
  this.timeout(4 * DEATH_DEADLINE_MS);
  const gateway = sharedGateway({ ...QUICK, ...SMALL_THREADS });
  afterEach('end its sessions', () => endSessions(gateway()));

  for (const [what, tool, args, cause, message] of deaths) {
    it(`by ${what}`, async () => {
      const neighbour = await neighbourOf(gateway());
      const client = await connectedClient(gateway());
      await client.call('state_set', { key: 'kept', value: { since: 'before' } });
      const exited = once(
        gateway().events,
        'thread-exited',
        ({ context }) => context?.sessionId === client.sessionId,
        DEATH_DEADLINE_MS,
      );
      const answer = await neighbour.servedWhile(client.call(tool, args, { deadlineMs: DEATH_DEADLINE_MS }));
      expectThreadDeath(answer, cause, message);
      expect(await exited).to.deep.include({ cause, requestsLost: 1, running: [tool] });

      const kept = JSON.parse(textOf(await client.call('state_get', { key: 'kept' })));
      expect(kept).to.deep.equal({ value: { since: 'before' }, keys: ['kept'] });
      expect(textOf(await client.call('whoami'))).to.equal(client.sessionId);
    });
  }

  it('by a loop without an end, once its request is cancelled', async () => {
    const neighbour = await neighbourOf(gateway());
    const client = await connectedClient(gateway());
    await client.call('state_set', { key: 'kept', value: 1 });
    const { id, stream } = await client.openCall('spin', {});
    const other = client.startCall('echo', { text: 'behind it' });
    const exited = once(
      gateway().events,
      'thread-exited',
      ({ context }) => context?.sessionId === client.sessionId,
    );
    await client.notify('notifications/cancelled', { requestId: id });
    const [exit, answer] = await neighbour.servedWhile(
      Promise.all([exited, stream.message((message) => message.id === id)]),
    );
    expect(exit).to.deep.include({ cause: 'killed', running: ['spin'] });
    expectError(answer);
    // The thread had not read it, so none of it has run.
    expect(textOf(await (await other.exchange.response).answer(other.id))).to.equal('behind it');
    expect(JSON.parse(textOf(await client.call('state_get', { key: 'kept' }))).value).to.equal(1);
  });

  it('with all of its requests, each answered for itself', async () => {
    const client = await connectedClient(gateway());
    const slow = [1, 2, 3].map(() => client.startCall('slow', { ms: 60_000 }));
    const responses = await Promise.all(slow.map(({ exchange }) => exchange.response));
    expectThreadDeath(await client.call('exit', { code: 9 }), 'exit', /process\.exit\(9\)/);
    const keys = new Set<string>();
    for (const [index, { id }] of slow.entries()) {
      const answer = await responses[index]!.answer(id);
      expect(answer.id).to.equal(id);
      keys.add(expectThreadDeath(answer, 'exit', /process\.exit\(9\)/).requestKey);
    }
    expect(keys.size).to.equal(slow.length);
  });

  it('and leaves its GET stream open, on which the fresh thread speaks', async () => {
    const client = await connectedClient(gateway());
    const { stream } = await client.get();
    await client.call('exit', {});
    await client.call('broadcast', { texts: ['from the fresh thread'] });
    const message = await stream.message(({ method }) => method === 'notifications/message');
    expect(message.params?.data).to.equal('from the fresh thread');
  });

  it('and answers what is asked while the fresh thread starts', async () => {
    const client = await connectedClient(gateway());
    const exit = client.call('exit', {});
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map((n) => client.call('echo', { text: `after ${n}` })),
    );
    expectThreadDeath(await exit, 'exit', /process\.exit/);
    for (const [index, answer] of answers.entries()) {
      if (answer.error === undefined) expect(textOf(answer)).to.equal(`after ${index + 1}`);
      else expectThreadDeath(answer, 'exit', /process\.exit/);
    }
  });

  it('until it has died more than three times in a minute: then the session ends', async () => {
    const neighbour = await neighbourOf(gateway());
    const client = await connectedClient(gateway());
    for (let death = 1; death <= 3; death += 1) expectThreadDeath(await client.call('exit'), 'exit', /exit/);
    expect(textOf(await client.call('echo', { text: 'still there' }))).to.equal('still there');
    const ended = once(
      gateway().events,
      'session-ended',
      ({ context }) => context.sessionId === client.sessionId,
    );
    expectThreadDeath(await client.call('exit'), 'exit', /exit/);
    expect((await ended).reason).to.equal('thread_deaths');
    await expectRejection(await client.post({ jsonrpc: '2.0', id: 'x', method: 'ping' }), 404);
    await neighbour.served();
  });
});

describe('a thread that dies in an unusual way hurts its own session alone', function () {
  this.timeout(4 * DEATH_DEADLINE_MS);
  const gateway = sharedGateway({ ...QUICK, ...SMALL_THREADS, serverModule: fixtureModule('deaths') });
  afterEach('end its sessions', () => endSessions(gateway()));

  for (const [what, tool, args, cause, message] of otherDeaths) {
    it(`by ${what}`, async () => {
      const neighbour = await neighbourOf(gateway());
      const client = await connectedClient(gateway());
      const call = client.call(tool, args, { deadlineMs: DEATH_DEADLINE_MS });
      expectThreadDeath(await neighbour.servedWhile(call), cause, message);
      expect(textOf(await client.call('echo', { text: 'again' }))).to.equal('again');
    });
  }

  it('but not by what a handler throws, whatever it is: that is the call’s own error', async () => {
    const client = await connectedClient(gateway());
    const before = threadOf(client.sessionId);
    for (const what of ['null', 'undefined', 'text', 'object', 'symbol']) {
      const answer = await client.call('fail_with_no_error', { what });
      expect(answer.error ?? answer.result?.isError, `${what}: ${JSON.stringify(answer)}`).to.be.ok;
    }
    expect(textOf(await client.call('echo', { text: 'again' }))).to.equal('again');
    expect(threadOf(client.sessionId)).to.equal(before);
  });

  it('but not by endless recursion: that is the call’s own error', async () => {
    const client = await connectedClient(gateway());
    const before = threadOf(client.sessionId);
    const answer = await client.call('recurse');
    expect(answer.result).to.include({ isError: true });
    expect(threadOf(client.sessionId)).to.equal(before);
  });

  function threadOf(sessionId: string | undefined): number | undefined {
    return gateway()
      .sessions()
      .find(({ context }) => context.sessionId === sessionId)?.thread?.thread;
  }
});

describe('a server module whose setup fails for one session', () => {
  const gateway = sharedGateway({ ...QUICK, serverModule: fixtureModule('deaths') });
  afterEach('end its sessions', () => endSessions(gateway()));
  const initializeAs = (userAgent: string) =>
    rawClient(gateway(), { headers: { 'user-agent': userAgent } }).post(initializeRequest(1));

  const failures: [what: string, userAgent: string, message: RegExp][] = [
    ['throws', 'setup-throws', /this setup fails for one client/],
    ['throws null', 'setup-throws-null', /null/],
    ['calls process.exit', 'setup-exits', /process\.exit\(3\)/],
  ];
  for (const [what, userAgent, message] of failures) {
    it(`refuses the session with 500 when it ${what}, and serves the next one`, async () => {
      const neighbour = await neighbourOf(gateway());
      const ended = once(gateway().events, 'session-ended');
      const refusal = await expectRejection(await neighbour.servedWhile(initializeAs(userAgent)), 500);
      expect(refusal.error?.message).to.match(message);
      expect((await ended).reason).to.equal('setup_failed');
      await (await neighbourOf(gateway())).served();
    });
  }

  it('lets go of a setup that does not end when its client leaves', async () => {
    const neighbour = await neighbourOf(gateway());
    const client = rawClient(gateway(), { headers: { 'user-agent': 'setup-spins' } });
    const started = once(
      gateway().events,
      'session-started',
      ({ context }) => context.userAgent === 'setup-spins',
    );
    const claimed = once(gateway().events, 'thread-claimed');
    const exchange = client.exchange('POST', JSON.stringify(initializeRequest(1)));
    const { context } = await started;
    await claimed;
    const exited = once(
      gateway().events,
      'thread-exited',
      (exit) => exit.context?.sessionId === context.sessionId,
    );
    const ended = once(
      gateway().events,
      'session-ended',
      (end) => end.context.sessionId === context.sessionId,
    );
    exchange.destroy();
    expect((await ended).reason).to.equal('abandoned');
    expect((await neighbour.servedWhile(exited)).cause).to.equal('killed');
  });

  it('ends a session whose every thread dies soon after setup, and answers all that it was asked', async () => {
    const neighbour = await neighbourOf(gateway());
    const client = await connectedClient(gateway(), { headers: { 'user-agent': 'exits-after-setup' } });
    const ended = once(
      gateway().events,
      'session-ended',
      ({ context }) => context.sessionId === client.sessionId,
      DEATH_DEADLINE_MS,
    );
    let over = false;
    const asked = (async () => {
      while (!over) {
        const id = client.nextId();
        const response = await client.post(toolCall(id, 'echo', { text: 'anybody there?' }));
        if (response.status === 404) await response.text();
        else await response.answer(id, DEATH_DEADLINE_MS);
      }
    })();
    const { reason } = await neighbour.servedWhile(
      ended.finally(() => {
        over = true;
      }),
    );
    expect(reason).to.equal('thread_deaths');
    await asked;
  });
});

describe('a thread that dies while it is a spare', () => {
  it('is replaced ever more slowly, and a session that comes in time is served', async () => {
    const gateway = await startGateway({
      serverModule: fixtureModule('short-lived-spare'),
      spareThreads: 1,
    });
    const exitedAtMs: number[] = [];
    const often = new Promise<void>((resolve) => {
      gateway.events.on('thread-exited', ({ cause }) => {
        if (cause !== 'exit') return;
        exitedAtMs.push(performance.now());
        if (exitedAtMs.length === 5) resolve();
      });
    });
    const told = once(gateway.events, 'notice', ({ message }) => /process\.exit\(5\)/.test(message));
    await withDeadline(often, 'five spares to die', DEATH_DEADLINE_MS);
    await told;
    const [first = 0, second = 0] = exitedAtMs;
    const [fourth = 0, fifth = 0] = exitedAtMs.slice(3);
    expect(fifth - fourth, String(exitedAtMs)).to.be.above(second - first + 200);

    await once(gateway.events, 'thread-started');
    const client = await connectedClient(gateway);
    expect(textOf(await client.call('echo'))).to.equal('served');
  }).timeout(2 * DEATH_DEADLINE_MS);
});

function expectThreadDeath(answer: JsonRpcMessage, cause: ThreadExitCause, message: RegExp): ErrorData {
  expectError(answer, -32603);
  expect(answer.error?.message)
    .to.match(message)
    .and.match(/fresh thread|session/);
  const data = answer.error?.data as ErrorData;
  expect(data.reason).to.equal(`thread_${cause}`);
  expect(data.requestKey).to.match(/^r-/);
  return data;
}
