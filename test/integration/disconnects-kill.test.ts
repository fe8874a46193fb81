import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { until } from '../support/deadline.js';
import { type EventPayload, once } from '../support/events.js';
import { expectKilledByGrace } from '../support/expectations.js';
import { connectedClient, type Gateway, sharedGateway } from '../support/gateway.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const CANCEL_GRACE_MS = 300;
const RESUME_GRACE_MS = 400;
const IDLE_WINDOW_MS = 300;
/** How many calls of another session are answered while the thread spins, before it is told to end. */
const CALLS_MEANWHILE = 6;

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
    expectKilledByGrace(exit.afterDropMs, CANCEL_GRACE_MS);
    await expectIdle(notResumable());
  });

  it('is gone within cancel-grace of the end of resume-grace when it could have been resumed', async () => {
    const client = await usedClient(resumable());
    const { stream } = await client.openCall('spin', { announce: true });
    await stream.message(({ method }) => method === 'notifications/message');
    const exit = await vanish(resumable(), client, () => stream.destroy());
    expectKilledByGrace(exit.afterDropMs, RESUME_GRACE_MS + CANCEL_GRACE_MS);
    await expectIdle(resumable());
  });

  it('is gone, session and all, when a client with a GET stream dies as a process does', async () => {
    const client = await usedClient(resumable());
    await client.get();
    const { stream } = await client.openCall('spin', { announce: true });
    await stream.message(({ method }) => method === 'notifications/message');
    const exited = once(resumable().events, 'thread-exited', ({ cause }) => cause === 'killed');
    client.destroy();
    const { killMs } = await exited;
    expectKilledByGrace(killMs, CANCEL_GRACE_MS);
    await expectIdle(resumable());
  });

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
  });
});

/** A client whose session already has its thread, so that its next call runs at once. */
async function usedClient(gateway: Gateway): Promise<RawClient> {
  const client = await connectedClient(gateway);
  await client.call('whoami');
  return client;
}

/**
 * Drops the connection of a spinning call and waits until its thread is gone. Meanwhile another session makes one call
 * after the other. All must be answered, the first ones while the call spins.
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
  ).finally(() => {
    gone = true;
  });
  const served = async () => {
    const text = `at ${performance.now()}`;
    expect(textOf(await bystander.call('echo', { text }))).to.equal(text);
  };
  for (let call = 0; call < CALLS_MEANWHILE; call += 1) await served();
  expect(gone, 'the thread still spins').to.equal(false);
  const dropMs = performance.now();
  dropConnection();
  const calling = (async () => {
    while (!gone) await served();
  })();
  const exit = await exited;
  const afterDropMs = performance.now() - dropMs;
  await calling;
  expect(exit.cause).to.equal('killed');
  expectKilledByGrace(exit.killMs, CANCEL_GRACE_MS);
  return { ...exit, afterDropMs };
}

/** No thread of the process works any more: with a thread that spins, there is never a time without work. */
async function expectIdle(gateway: Gateway): Promise<void> {
  await settledPool(gateway);
  await until(async () => {
    const before = process.cpuUsage();
    await delay(IDLE_WINDOW_MS);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000 < IDLE_WINDOW_MS / 4;
  }, 'the process to be idle');
}

/** No thread is starting or ending, because either would use processor time. */
async function settledPool(gateway: Gateway): Promise<void> {
  const settled = () => {
    const { threads } = gateway.snapshot();
    return threads.starting === 0 && threads.terminating === 0 && threads.ending === 0 && threads.spare > 0;
  };
  await until(settled, 'the spare threads to be started');
}
