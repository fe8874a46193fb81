import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import { toolsModule } from '../support/modules.js';
import { initializeRequest, RawClient, textOf } from '../support/raw-client.js';

/** A session that is about to start waits 10 s for a thread. */
const LONGER_THAN_THE_WAIT_MS = 12_000;

describe('A gateway process that was stopped while a session waited for a thread', () => {
  it('gives it the one that becomes free afterwards', async () => {
    const flags = ['--port', '0', '--admin-port', '0', '--max-threads', '1', '--spare-threads', '0'];
    const { child, printed } = startCli(['serve', fileURLToPath(toolsModule), ...flags]);
    const [, url = ''] = await printed('stdout', /^MCP server +(http:\S+)$/m);
    const [, admin = ''] = await printed('stdout', /^Admin server +(http:\S+)$/m);
    const [busy, waiting] = [new RawClient(url), new RawClient(url)];
    afterThisTest(() => {
      busy.destroy();
      waiting.destroy();
    });
    await busy.initialize();
    const call = busy.startCall('stubborn', { ms: 2_000 });
    const asked = waiting.exchange('POST', JSON.stringify(initializeRequest(1))).response;
    await until(async () => /^bulkhead_thread_waiters 1$/m.test(await metricsOf(admin)), 'it to wait');
    child.kill('SIGSTOP');
    await delay(LONGER_THAN_THE_WAIT_MS);
    child.kill('SIGCONT');
    expect(textOf(await (await call.exchange.response).answer(call.id))).to.equal('waited 2000');
    const { status } = await asked;
    expect(status).to.equal(200);
  });
});

async function metricsOf(admin: string): Promise<string> {
  return (await fetch(new URL('/metrics', admin))).text();
}
