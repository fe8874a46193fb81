import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Host, startHost } from 'mcp-bulkhead/testing';

let host: Host;

before(async () => {
  host = await startHost('./src/server.ts');
});

after(() => host?.close());

test('greets by name, and counts the greetings of one session alone', async () => {
  const first = await host.session();
  const second = await host.session();
  assert.equal(await first.text('greet', { name: 'Ada' }), 'Hello, Ada! Greetings so far: 1.');
  assert.equal(await first.text('greet', { name: 'Grace' }), 'Hello, Grace! Greetings so far: 2.');
  assert.equal(await second.text('greet', { name: 'Alan' }), 'Hello, Alan! Greetings so far: 1.');
});

test('still counts after the session has lost its thread', async () => {
  const session = await host.session();
  await session.call('greet', { name: 'Ada' });
  await session.kill();
  assert.equal(await session.text('greet', { name: 'Ada' }), 'Hello, Ada! Greetings so far: 2.');
});

test('stops the countdown when its client cancels', async () => {
  const session = await host.session();
  const call = session.start('count_down', { from: 60 });
  await call.progress();
  call.cancel();
  await assert.rejects(call.result, { name: 'AbortError' });
  // Not "killed": the tool has stopped by itself.
  assert.equal(await call.settled, 'stopped');
});
