/** Deaths of a session's thread that are rarer than those of `integration/thread-deaths.test.ts`, or take longer. */
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
import { withDeadline } from '../support/deadline.js';
import { once } from '../support/events.js';
import { expectRejection } from '../support/expectations.js';
import { connectedClient, rawClient, sharedGateway, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { initializeRequest, textOf, toolCall } from '../support/raw-client.js';

const slowDeaths: readonly Death[] = [
  [
    'a heap full of objects, with awaits',
    'oom_objects_slowly',
    {},
    'out_of_memory',
    /thread-(heap|memory)-mb/,
  ],
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

describe('a thread that dies slowly hurts its own session alone', function () {
  this.timeout(4 * DEATH_DEADLINE_MS);
  const gateway = sharedGateway({ ...QUICK, ...SMALL_THREADS });
  afterEach('end its sessions', () => endSessions(gateway()));

  for (const death of slowDeaths) it(`by ${death[0]}`, () => expectLonelyThreadDeath(gateway(), death));
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

describe('a server module whose setup fails in an unusual way', () => {
  const gateway = sharedGateway({ ...QUICK, serverModule: fixtureModule('deaths') });
  afterEach('end its sessions', () => endSessions(gateway()));

  it('refuses the session with 500 when it throws null, and serves the next one', async () => {
    const neighbour = await neighbourOf(gateway());
    const ended = once(gateway().events, 'session-ended');
    const client = rawClient(gateway(), { headers: { 'user-agent': 'setup-throws-null' } });
    const refusal = await expectRejection(
      await neighbour.servedWhile(client.post(initializeRequest(1))),
      500,
    );
    expect(refusal.error?.message).to.match(/null/);
    expect((await ended).reason).to.equal('setup_failed');
    await (await neighbourOf(gateway())).served();
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
