import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { once } from '../support/events.js';
import { connectedClient, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { textOf } from '../support/raw-client.js';

describe('a server module', () => {
  it('runs as one text, and its log lines name its own files', async () => {
    const gateway = await startGateway({ serverModule: fixtureModule('stumbling'), bundle: true });
    const client = await connectedClient(gateway);
    const logged = once(gateway.events, 'module-log');
    const stack = textOf(await client.call('stumble'));
    expect(stack).to.include('stumbling.mjs (bundled):');
    expect((await logged).message).to.match(/at stumble \(\S+\/modules\/stumble\.mjs:2:10\)$/);
  });

  it('runs file by file with `bundle: false`', async () => {
    const gateway = await startGateway({ serverModule: fixtureModule('stumbling'), bundle: false });
    const client = await connectedClient(gateway);
    const stack = textOf(await client.call('stumble'));
    expect(stack).to.match(/at stumble \(file:\S+\/modules\/stumble\.mjs:2:10\)/);
    expect(stack).not.to.include('(bundled)');
  });

  it('runs file by file where it does not run as one text, and the log says why', async () => {
    const path = fixtureModule('shy').pathname;
    const cli = startCli(['serve', path, '--port', '0', '--admin-port', '0', '--log-format', 'json']);
    afterThisTest(() => void cli.child.kill('SIGKILL'));
    const [line] = await cli.printed('stderr', /.*imported file by file.*/);
    expect((JSON.parse(line) as { msg: string }).msg).to.include('not in a bundle, please');
    await cli.printed('stdout', /MCP server/);
  });
});
