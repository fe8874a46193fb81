import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Neighbour } from '../fixtures/isolation/neighbour.js';
import { afterThisTest } from '../support/cleanup.js';
import { type CliProcess, startCli } from '../support/cli-process.js';
import { expectError } from '../support/expectations.js';
import { fixtureModule } from '../support/modules.js';
import { RawClient, textOf } from '../support/raw-client.js';

/** Some fillers take seconds of processor time in native code, where nothing can end them. */
const FILL_DEADLINE_MS = 90_000;

/** Each dies of V8's own limit, or takes the process with it, where that is all that there is. */
const fillers: readonly [what: string, tool: string][] = [
  ['a Map', 'fill_map'],
  ['a Set', 'fill_set'],
  ['an array that grows', 'fill_push'],
  ['arrays that are long from the start', 'fill_fill'],
  ['arrays made of nothing but a length', 'fill_from'],
  ['strings that are written out', 'fill_flat_strings'],
  ['JSON texts', 'fill_stringify'],
  ['a linked list', 'fill_linked'],
  ['an object with millions of keys', 'fill_keys'],
  ['matches of regular expressions', 'fill_matches'],
  ['numbers without an end', 'fill_bigint'],
  ['small leaks, with awaits', 'leak_slowly'],
];

/** In a process of its own: where the limit does not hold, that process ends and the tests go on. */
describe('a thread that fills its heap dies alone', function () {
  this.timeout(2 * FILL_DEADLINE_MS);
  let gateway: CliProcess;
  let url: string;

  const connect = async (): Promise<RawClient> => {
    const client = new RawClient(url);
    afterThisTest(() => client.destroy());
    await client.initialize();
    return client;
  };

  beforeEach('start a gateway', async () => {
    const flags = ['--port', '0', '--admin-port', '0', '--log-level', 'warn', '--sse-after', '20ms'];
    gateway = startCli(['serve', fileURLToPath(fixtureModule('heap')), ...flags]);
    const [, printed] = await gateway.printed('stdout', /MCP server\s+(\S+)/);
    url = printed!;
  });

  const stillRuns = (): void => {
    expect(gateway.child.exitCode ?? gateway.child.signalCode, 'how the gateway ended').to.equal(null);
  };

  for (const [what, tool] of fillers) {
    it(`with ${what}`, async () => {
      const neighbour = new Neighbour(await connect(), 'served');
      const client = await connect();
      const answer = await neighbour.servedWhile(client.call(tool, {}, { deadlineMs: FILL_DEADLINE_MS }));
      expectError(answer, -32603);
      expect(answer.error?.message).to.match(/its heap passed thread-heap-mb|more than thread-memory-mb/);
      expect(answer.error?.data).to.include({ reason: 'thread_out_of_memory' });
      expect(textOf(await client.call('echo'))).to.equal('served');
      stillRuns();
    });
  }

  it('also when no request runs in it', async () => {
    const neighbour = new Neighbour(await connect(), 'served');
    const client = await connect();
    expect(textOf(await client.call('leak_after'))).to.equal('answered');
    const served = gateway.printed('stderr', /"cause":"out_of_memory"/);
    await neighbour.servedWhile(served);
    expect(textOf(await client.call('echo'))).to.equal('served');
    stillRuns();
  });

  for (const [how, tool] of [
    ['without awaits', 'churn'],
    ['with awaits', 'churn_slowly'],
  ] as const) {
    it(`but not because of garbage, ${how}`, async () => {
      const client = await connect();
      const answer = await client.call(tool, {}, { deadlineMs: FILL_DEADLINE_MS });
      expect(textOf(answer)).to.match(/^\d+ live$/);
      stillRuns();
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
    // V8's limit is that of all generations together.
    expect(limits[1]).to.equal(limits[0]);
  });
});
