import { expect } from 'chai';
import { collect, once } from '../support/events.js';
import { connectedClient, type Gateway, rawClient } from '../support/gateway.js';
import type { JsonRpcMessage, RawClient } from '../support/raw-client.js';
import { initializeRequest, textOf } from '../support/raw-client.js';
import {
  asleep,
  jsonOf,
  keptBy,
  ofSession,
  sleepyGateway,
  startSleepyGateway,
  stateOf,
} from '../support/sleep.js';

const CAPABILITIES = { sampling: {}, elicitation: { form: {} } };
const ANSWERS = {
  elicit: { action: 'accept', content: { name: 'Ada' } },
  sample: { model: 'none', role: 'assistant', content: { type: 'text', text: 'Ada' } },
};
const METHODS = { elicit: 'elicitation/create', sample: 'sampling/createMessage' };
/** Long enough for a session without work to fall asleep. */
const OBSERVED_MS = 700;
/** It blocks when the main thread asks it to sleep, and takes a hold before it can receive the question. */
const HOLDS_WHEN_ASKED = { inMs: 20, ms: 1_000, hold: true };

describe('a question that the client has not answered', () => {
  const shared = sleepyGateway({ sseAfter: '20ms' });

  for (const what of ['elicit', 'sample'] as const) {
    it(`keeps the session awake from inside of a call: ${what}`, async () => {
      const gateway = shared();
      const client = await connectedClient(gateway, { capabilities: CAPABILITIES });
      const { id, stream } = await client.openCall(what);
      const question = await stream.message(({ method }) => method === METHODS[what], 'the question');
      const sleeps = collect(gateway.events, 'session-sleeps');
      await observe();
      expect(sleeps).to.deep.equal([]);
      await client.respond(question.id as number, ANSWERS[what]);
      const answer = await stream.message((message) => message.id === id && message.method === undefined);
      expect(jsonOf(answer)).to.deep.equal(ANSWERS[what]);
      await asleep(gateway, client);
    });

    it(`keeps the session awake outside of any call: ${what}`, async () => {
      const gateway = shared();
      const client = await connectedClient(gateway, { capabilities: CAPABILITIES });
      const { stream } = await client.get();
      await client.call('ask_later', { what });
      const question = await stream.message(({ method }) => method === METHODS[what], 'the question');
      const sleeps = collect(gateway.events, 'session-sleeps');
      await observe();
      expect(sleeps).to.deep.equal([]);
      await client.respond(question.id as number, ANSWERS[what]);
      expect(jsonOf(await client.call('answer'))).to.deep.equal(ANSWERS[what]);
      await asleep(gateway, client);
    });
  }
});

describe('what goes on in a thread', () => {
  const shared = sleepyGateway({ cancelGrace: '10s', sseAfter: '20ms' });
  const impatient = sleepyGateway({ cancelGrace: '50ms' });

  it('keeps the session awake: a call', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    const started = once(gateway.events, 'request-started');
    const slow = client.call('slow', { ms: OBSERVED_MS });
    await started;
    const sleeps = collect(gateway.events, 'session-sleeps');
    expect(textOf(await slow)).to.equal(`waited ${OBSERVED_MS}`);
    expect(sleeps).to.deep.equal([]);
    await asleep(gateway, client);
  });

  it('keeps the session awake: the handler of a call that was cancelled', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    await client.call('keep', { key: 'mine', value: true });
    const { id, stream } = await client.openCall('stubborn', { ms: OBSERVED_MS });
    const sleeps = collect(gateway.events, 'session-sleeps');
    await client.notify('notifications/cancelled', { requestId: id });
    await stream.ended;
    await observe(OBSERVED_MS / 2);
    expect(sleeps).to.deep.equal([]);
    await asleep(gateway, client);
  });

  it('keeps the session awake: a child process, until it has ended', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    await client.call('keep', { key: 'mine', value: true });
    const pid = jsonOf(await client.call('child', { seconds: '60' })) as number;
    await staysAwake(gateway, client);
    process.kill(pid);
    await asleep(gateway, client);
    expect((await keptBy(client, 'mine')).memory).to.equal(null);
  });

  it('keeps the session awake: a hold, until it is released', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    await client.call('hold');
    await staysAwake(gateway, client);
    await client.call('release', { times: 1 });
    await asleep(gateway, client);
  });

  it('keeps the session awake for each of its holds: releasing one twice releases no other', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    for (let time = 0; time < 2; time += 1) await client.call('hold');
    await client.call('release', { times: 2 });
    await staysAwake(gateway, client);
  });

  for (const [what, start] of [
    ['a hold', (client: RawClient) => client.call('hold')],
    ['a task', (client: RawClient) => startTask(client, { ms: 60_000 })],
    ['a child process', (client: RawClient) => client.call('child', { seconds: '60' })],
  ] as const) {
    it(`keeps a thread that blocks for longer than cancel-grace: ${what}`, async () => {
      const gateway = impatient();
      const client = await connectedClient(gateway);
      await client.call('keep', { key: 'mine', value: 'kept' });
      await start(client);
      await client.call('block', { inMs: 20, ms: OBSERVED_MS });
      await staysAwake(gateway, client);
      expect((await keptBy(client, 'mine')).memory).to.equal('kept');
    });
  }

  it('keeps messages in order that came while it was asked in vain', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    const { threadId } = await keptBy(client, 'nothing');
    await client.call('block', HOLDS_WHEN_ASKED);
    const started = collect(gateway.events, 'request-started');
    const finished = collect(gateway.events, 'request-finished');
    await once(gateway.events, 'session-sleeps', ofSession(client));
    const kept = await Promise.all(Array.from({ length: 5 }, () => keptBy(client, 'nothing')));
    expect(new Set(kept.map((one) => one.threadId))).to.deep.equal(new Set([threadId]));
    expect(finished.map(({ key }) => key)).to.deep.equal(started.map(({ key }) => key));
  });
});

describe('a thread that was asked to go and stays', () => {
  it('hears that the client is ready, though that came in between', async () => {
    const gateway = await startSleepyGateway({ cancelGrace: '10s' });
    const client = rawClient(gateway);
    const initialized = await client.post(initializeRequest('start', undefined, CAPABILITIES));
    client.sessionId = initialized.headers['mcp-session-id'] as string;
    await client.call('block', HOLDS_WHEN_ASKED);
    await once(gateway.events, 'session-sleeps', ofSession(client));
    await client.notify('notifications/initialized');
    expect(stateOf(gateway, client)).to.equal('falling_asleep');
    const { oninitialized } = jsonOf(await client.call('client')) as Record<string, unknown>;
    expect(oninitialized).to.deep.equal({ times: 1, capabilities: CAPABILITIES });
  });
});

describe('a task', () => {
  const shared = sleepyGateway();

  it('keeps the session awake until its result has been fetched', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    const taskId = await startTask(client, { ms: 100 });
    await staysAwake(gateway, client);
    expect((await client.ask('tasks/get', { taskId })).result?.status).to.equal('completed');
    await staysAwake(gateway, client);
    expect(textOf(await client.ask('tasks/result', { taskId }))).to.equal('task done');
    await asleep(gateway, client);
  });

  it('keeps the session awake no longer than its time to live', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    await startTask(client, { ms: 10 }, 3_000);
    await staysAwake(gateway, client);
    await asleep(gateway, client);
  });

  it('keeps the session awake until it is cancelled', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    const taskId = await startTask(client, { ms: 60_000 });
    await staysAwake(gateway, client);
    expect((await client.ask('tasks/cancel', { taskId })).result?.status).to.equal('cancelled');
    await asleep(gateway, client);
  });

  it('keeps the session awake while its client waits for the result', async () => {
    const gateway = shared();
    const client = await connectedClient(gateway);
    const taskId = await startTask(client, { ms: OBSERVED_MS });
    const started = once(gateway.events, 'request-started');
    const result = client.ask('tasks/result', { taskId });
    await started;
    const sleeps = collect(gateway.events, 'session-sleeps');
    expect(textOf(await result)).to.equal('task done');
    expect(sleeps).to.deep.equal([]);
    await asleep(gateway, client);
  });
});

function observe(ms = OBSERVED_MS): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The thread is not even asked to sleep. */
async function staysAwake(gateway: Gateway, client: RawClient): Promise<void> {
  const exits = collect(gateway.events, 'thread-exited');
  const sleeps = collect(gateway.events, 'session-sleeps');
  await observe();
  expect(sleeps).to.deep.equal([]);
  expect(stateOf(gateway, client)).to.equal('awake');
  expect(exits).to.deep.equal([]);
}

async function startTask(client: RawClient, args: { ms: number }, ttl?: number): Promise<string> {
  const task = ttl === undefined ? {} : { ttl };
  const answer: JsonRpcMessage = await client.ask('tools/call', { name: 'task', arguments: args, task });
  const created = answer.result?.task as { taskId: string } | undefined;
  if (created === undefined) throw new Error(`No task: ${JSON.stringify(answer)}`);
  return created.taskId;
}
