import { expect } from 'chai';
import { expectLonelyDeath, FILL_DEADLINE_MS, HeapGateway } from '../fixtures/isolation/full-heap.js';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { RawClient } from '../support/raw-client.js';

/**
 * If there were only V8's own limit, each would die from it, or end the process. Those that V8 takes longer to fill are
 * in the slow tests.
 */
const fillers: readonly [what: string, tool: string][] = [
  ['an array that grows', 'fill_push'],
  ['strings that are written out', 'fill_flat_strings'],
  ['JSON texts', 'fill_stringify'],
  ['a linked list', 'fill_linked'],
  ['numbers without an end', 'fill_bigint'],
  ['small leaks, with awaits', 'leak_slowly'],
];

describe('a thread that fills its heap dies alone', function () {
  this.timeout(2 * FILL_DEADLINE_MS);

  const gateway = HeapGateway.shared();

  for (const [what, tool] of fillers) {
    it(`with ${what}`, async () => {
      await expectLonelyDeath(await gateway(), tool);
    });
  }
});

describe('the young generation of a thread', () => {
  it('is limited as ever where a flag gives the main thread a limit of its own', async () => {
    const limits: number[] = [];
    for (const flag of ['', '--max-semi-space-size=64']) {
      const flags = ['--port', '0', '--admin-port', '0', '--log-level', 'error'];
      const gateway = startCli(['serve', ...flags], { env: { NODE_OPTIONS: flag } });
      const [, url] = await gateway.printed('stdout', /MCP server\s+(\S+)/);
      const client = new RawClient(new URL(url!));
      afterThisTest(() => client.destroy());
      await client.initialize();
      const { structuredContent } = (await client.call('session_info')).result as {
        structuredContent: { thread: { heapLimitBytes: number } };
      };
      limits.push(structuredContent.thread.heapLimitBytes);
      gateway.child.kill('SIGKILL');
      await gateway.exited();
    }
    // V8's limit applies to all generations together.
    expect(limits[1]).to.equal(limits[0]);
  });
});
