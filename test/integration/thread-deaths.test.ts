import { expect } from 'chai';
import { neighbourOf } from '../fixtures/isolation/neighbour.js';
import { endSessions } from '../fixtures/isolation/sessions.js';
import {
  DEATH_DEADLINE_MS,
  type Death,
  expectLonelyThreadDeath,
  expectThreadDeath,
  QUICK,
  SMALL_THREADS,
} from '../fixtures/isolation/thread-death.js';
import { once } from '../support/events.js';
import { expectError, expectRejection } from '../support/expectations.js';
import { connectedClient, rawClient, sharedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { initializeRequest, textOf } from '../support/raw-client.js';

/** Those that take a thread longer, or that are rarer, are in the slow tests. */
const deaths: readonly Death[] = [
  ['process.exit(0)', 'exit', { code: 0 }, 'exit', /process\.exit\(0\)/],
  ['process.exit(1)', 'exit', { code: 1 }, 'exit', /process\.exit\(1\)/],
  ['an uncaught exception', 'crash_throw', {}, 'crash', /crashed: thrown in a timer/],
  ['an unhandled rejection', 'crash_reject', {}, 'crash', /crashed: rejected and not handled/],
  ['a heap full of objects', 'oom_objects', {}, 'out_of_memory', /thread-heap-mb/],
  ['2 GiB of Buffers in a loop', 'oom_buffers', { how: 'loop' }, 'out_of_memory', /thread-memory-mb/],
];

describe('a thread that dies hurts its own session alone', function () {
  this.timeout(4 * DEATH_DEADLINE_MS);
  const gateway = sharedGateway({ ...QUICK, ...SMALL_THREADS });
  afterEach('end its sessions', () => endSessions(gateway()));

  for (const death of deaths) it(`by ${death[0]}`, () => expectLonelyThreadDeath(gateway(), death));

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

describe('a server module whose setup fails for one session', () => {
  const gateway = sharedGateway({ ...QUICK, serverModule: fixtureModule('deaths') });
  afterEach('end its sessions', () => endSessions(gateway()));
  const initializeAs = (userAgent: string) =>
    rawClient(gateway(), { headers: { 'user-agent': userAgent } }).post(initializeRequest(1));

  const failures: [what: string, userAgent: string, message: RegExp][] = [
    ['throws', 'setup-throws', /this setup fails for one client/],
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
});
