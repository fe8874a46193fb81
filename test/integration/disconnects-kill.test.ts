import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { TIMED_RETRIES, until } from '../support/deadline.js';
import { type EventPayload, once } from '../support/events.js';
import { connectedClient, type Gateway, sharedGateway } from '../support/gateway.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const CANCEL_GRACE_MS = 300;
const RESUME_GRACE_MS = 400;
/** What the gateway promises beyond the graces. */
const KILL_MS = 100;
/**
 * What a machine that also builds and runs other tests may add: termination waits for the dying thread's turn on
 * a processor, and so do the timers of this process.
 */
const LOADED_MACHINE_MS = 500;
const IDLE_WINDOW_MS = 300;

describe('A tool that spins for ever, and whose client vanishes', () => {
  const options = { cancelGrace: CANCEL_GRACE_MS, resumeGrace: RESUME_GRACE_MS };
  const notResumable = sharedGateway({ ...options, sseAfter: '1m', spareThreads: 1 });
  const resumable = sharedGateway({ ...options, sseAfter: '20ms', spareThreads: 1 });

  it('is gone within cancel-grace of the drop when nobody could resume it', async () => {
    const client = await usedClient(notResumable());
    const started = once(notResumable().events, 'request-started', ({ tool }) => tool === 'spin');
    const { exchange } = client.startCall('spin');
    await started;
    const exit = await vanish(notResumable(), client, () => exchange.destroy());
    expect(exit.afterDropMs, 'ms since the drop').to.be.within(
      CANCEL_GRACE_MS - 20,
      CANCEL_GRACE_MS + KILL_MS + LOADED_MACHINE_MS,
    );
    await expectIdle(notResumable());
  }).retries(TIMED_RETRIES);

  it('is gone within cancel-grace of the end of resume-grace when it could have been resumed', async () => {
    const client = await usedClient(resumable());
    const { stream } = await client.openCall('spin', { announce: true });
    await stream.message(({ method }) => method === 'notifications/message');
    const exit = await vanish(resumable(), client, () => stream.destroy());
    expect(exit.afterDropMs, 'ms since the drop').to.be.within(
      RESUME_GRACE_MS + CANCEL_GRACE_MS - 20,
      RESUME_GRACE_MS + CANCEL_GRACE_MS + KILL_MS + LOADED_MACHINE_MS,
    );
    await expectIdle(resumable());
  }).retries(TIMED_RETRIES);

  it('is gone, session and all, when a client with a GET stream dies as a process does', async () => {
    const client = await usedClient(resumable());
    await client.get();
    const { stream } = await client.openCall('spin', { announce: true });
    await stream.message(({ method }) => method === 'notifications/message');
    const exited = once(resumable().events, 'thread-exited', ({ cause }) => cause === 'killed');
    client.destroy();
    const { killMs } = await exited;
    expect(killMs).to.be.below(CANCEL_GRACE_MS + KILL_MS + LOADED_MACHINE_MS);
    await expectIdle(resumable());
  }).retries(TIMED_RETRIES);

  it('leaves its session alive: the next call gets a fresh thread', async () => {
    const client = await usedClient(notResumable());
    await client.call('state_set', { key: 'kept', value: 'over the kill' });
    const started = once(notResumable().events, 'request-started', ({ tool }) => tool === 'spin');
    const { exchange } = client.startCall('spin');
    await started;
    await vanish(notResumable(), client, () => exchange.destroy());
    expect(JSON.parse(textOf(await client.call('state_get', { key: 'kept' })))).to.deep.equal({
      value: 'over the kill',
      keys: ['kept'],
    });
  }).retries(TIMED_RETRIES);
});

/** A client whose session has its thread already: what it sends next runs at once. */
async function usedClient(gateway: Gateway): Promise<RawClient> {
  const client = await connectedClient(gateway);
  await client.call('whoami');
  return client;
}

/**
 * Drops the connection of a spinning call and waits until its thread is gone, while another session calls one echo
 * after the other: each of them must be answered, and soon.
 */
async function vanish(
  gateway: Gateway,
  client: RawClient,
  dropConnection: () => void,
): Promise<EventPayload<'thread-exited'> & { readonly afterDropMs: number }> {
  const bystander = await usedClient(gateway);
  await settledPool(gateway);
  let gone = false;
  const exited = once(
    gateway.events,
    'thread-exited',
    ({ context }) => context?.sessionId === client.sessionId,
  );
  const dropMs = performance.now();
  dropConnection();
  const calling = (async () => {
    const answersMs: number[] = [];
    while (!gone) {
      const askedMs = performance.now();
      expect(textOf(await bystander.call('echo', { text: `at ${askedMs}` }))).to.equal(`at ${askedMs}`);
      answersMs.push(performance.now() - askedMs);
    }
    return answersMs;
  })();
  let exit: EventPayload<'thread-exited'>;
  try {
    exit = await exited;
  } finally {
    gone = true;
  }
  const afterDropMs = performance.now() - dropMs;
  const answersMs = await calling;
  expect(exit.cause).to.equal('killed');
  expect(exit.killMs, 'killMs').to.be.within(
    CANCEL_GRACE_MS - 20,
    CANCEL_GRACE_MS + KILL_MS + LOADED_MACHINE_MS,
  );
  expect(answersMs.length, 'calls of another session meanwhile').to.be.above(5);
  expect(Math.max(...answersMs), 'slowest of them, ms').to.be.below(LOADED_MACHINE_MS);
  return { ...exit, afterDropMs };
}

/** No thread of the process works any more; a thread that spins would take the whole window. */
async function expectIdle(gateway: Gateway): Promise<void> {
  await settledPool(gateway);
  const before = process.cpuUsage();
  await delay(IDLE_WINDOW_MS);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000, `processor ms in ${IDLE_WINDOW_MS} ms`).to.be.below(IDLE_WINDOW_MS / 2);
}

/** No thread is about to start or to end: either would take processor time of its own. */
async function settledPool(gateway: Gateway): Promise<void> {
  const settled = () => {
    const { threads } = gateway.snapshot();
    return threads.starting === 0 && threads.terminating === 0 && threads.ending === 0 && threads.spare > 0;
  };
  await until(settled, 'the spare threads to be started');
}
