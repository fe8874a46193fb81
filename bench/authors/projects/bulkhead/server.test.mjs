import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHost } from 'mcp-bulkhead/testing';

test('greets', async () => {
  await using host = await startHost('./server.mjs');
  const session = await host.session();
  assert.equal(await session.text('greet', { name: 'Ada' }), 'Hello, Ada');
});
