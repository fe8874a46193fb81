import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import { toolsModule } from '../support/modules.js';
import { RawClient, textOf } from '../support/raw-client.js';

describe('A gateway process that was stopped for longer than resume-grace', () => {
  it('serves the client that came back in time, although its timers run before its sockets are read', async () => {
    const flags = ['--port', '0', '--admin-port', '0', '--sse-after', '20ms', '--resume-grace', '1s'];
    const { child, printed } = startCli(['serve', fileURLToPath(toolsModule), ...flags]);
    const [, url = ''] = await printed('stdout', /^MCP server +(http:\S+)$/m);
    const [, admin = ''] = await printed('stdout', /^Admin server +(http:\S+)$/m);
    const client = new RawClient(url);
    afterThisTest(() => client.destroy());
    await client.initialize();
    const { id, exchange, stream } = await client.openCall('slow', { ms: 6_000 });
    await stream.next(({ id: eventId }) => eventId !== undefined);
    exchange.destroy();
    await until(async () => (await openStreams(admin)) === 0, 'the gateway to notice the break');
    child.kill('SIGSTOP');
    const resuming = client.exchange('GET', undefined, { 'last-event-id': stream.lastEventId }).response;
    await delay(2_500);
    child.kill('SIGCONT');
    expect(textOf(await (await resuming).answer(id))).to.equal('waited 6000');
  });
});

async function openStreams(admin: string): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', admin))).text();
  return Number(/^bulkhead_streams\{kind="post"\} (\d+)/m.exec(metrics)?.[1]);
}
