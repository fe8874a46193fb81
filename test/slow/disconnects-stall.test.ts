import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import { joined, toolsModule } from '../support/modules.js';
import { RawClient, textOf } from '../support/raw-client.js';

describe('A gateway process that was stopped for longer than resume-grace', () => {
  it('serves the client that came back in time, although its timers run before its sockets are read', async () => {
    const { gateway, client, admin } = await start(['--resume-grace', '1s']);
    const { id, exchange, stream } = await client.openCall('slow', { ms: 6_000 });
    await stream.next(({ id: eventId }) => eventId !== undefined);
    exchange.destroy();
    await until(async () => (await openStreams(admin)) === 0, 'the gateway to notice the break');
    gateway.kill('SIGSTOP');
    const resuming = client.exchange('GET', undefined, { 'last-event-id': stream.lastEventId }).response;
    await delay(2_500);
    gateway.kill('SIGCONT');
    expect(textOf(await (await resuming).answer(id))).to.equal('waited 6000');
  });
});

describe('A gateway process that was stopped for longer than cancel-grace', () => {
  for (const [what, tool] of [
    ['ignores its signal for a while', 'stubborn'],
    ['keeps its thread busy for a while', 'spin'],
  ] as const) {
    it(`leaves a thread alive whose cancelled handler ${what}: it has stood still as well`, async () => {
      const { gateway, client } = await start(['--cancel-grace', '2s']);
      const threadOf = async () => JSON.parse(textOf(await client.call('context'))).threadId as number;
      const before = await threadOf();
      // By a clock that runs during a stall: the tool needs half a second of the time in which the process runs.
      const { id, stream } = await client.openCall(tool, { ms: 4_000 });
      await client.notify('notifications/cancelled', { requestId: id });
      await stream.message((message) => message.id === id);
      gateway.kill('SIGSTOP');
      await delay(3_500);
      gateway.kill('SIGCONT');
      expect(await threadOf()).to.equal(before);
    });
  }
});

async function start(
  flags: readonly string[],
): Promise<{ gateway: ChildProcess; client: RawClient; admin: string }> {
  const always = ['--port', '0', '--admin-port', '0', '--sse-after', '20ms', '--no-bundle'];
  const { child, printed } = startCli(['serve', fileURLToPath(joined(toolsModule)), ...always, ...flags]);
  const [, url = ''] = await printed('stdout', /^MCP server +(http:\S+)$/m);
  const [, admin = ''] = await printed('stdout', /^Admin server +(http:\S+)$/m);
  const client = new RawClient(url);
  afterThisTest(() => client.destroy());
  await client.initialize();
  return { gateway: child, client, admin };
}

async function openStreams(admin: string): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', admin))).text();
  return Number(/^bulkhead_streams\{kind="post"\} (\d+)/m.exec(metrics)?.[1]);
}
