import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { DEATH_DEADLINE_MS } from '../fixtures/isolation/thread-death.js';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { expectError } from '../support/expectations.js';
import { joined, toolsModule } from '../support/modules.js';
import { RawClient, textOf } from '../support/raw-client.js';

describe('a gateway in a process of its own', () => {
  it('outlives one disaster after the other in its sessions, and ends with exit code 0', async () => {
    const flags = ['--port', '0', '--admin-port', '0', '--cancel-grace', '100ms', '--sse-after', '20ms'];
    const small = [
      '--thread-heap-mb',
      '64',
      '--thread-memory-mb',
      '256',
      '--log-level',
      'error',
      '--no-bundle',
    ];
    const process = startCli(['serve', fileURLToPath(joined(toolsModule)), ...flags, ...small]);
    const [, url] = await process.printed('stdout', /MCP server\s+(\S+)/);
    const connect = async () => {
      const client = new RawClient(url!);
      afterThisTest(() => client.destroy());
      await client.initialize();
      return client;
    };
    const bystander = await connect();
    const disasters: [tool: string, args: Record<string, unknown>][] = [
      ['exit', { code: 1 }],
      ['crash_throw', {}],
      ['crash_reject', {}],
      ['oom_objects', {}],
      ['oom_buffers', { how: 'loop' }],
      ['oom_buffers', { how: 'await' }],
    ];
    for (const [tool, args] of disasters) {
      const client = await connect();
      expectError(await client.call(tool, args, { deadlineMs: DEATH_DEADLINE_MS }));
      expect(textOf(await client.call('whoami')), tool).to.equal(client.sessionId);
      expect(textOf(await bystander.call('whoami')), tool).to.equal(bystander.sessionId);
    }
    process.child.kill('SIGTERM');
    expect(await process.exited()).to.include({ code: 0, signal: null });
  }).timeout(6 * DEATH_DEADLINE_MS);
});
