import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createCgroup } from '../support/cgroup.js';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { fixtureModule } from '../support/modules.js';
import { RawClient, textOf } from '../support/raw-client.js';

const MEBIBYTE = 1024 * 1024;
const SESSIONS = 4;
const HELD_BYTES = 120 * MEBIBYTE;

describe('a container whose memory its sessions fill, each below its own limits', () => {
  it('costs the largest of them its thread, and never the gateway', async function () {
    const memory = createCgroup('memory');
    if (memory === undefined) return this.skip();
    const limit = memory.has('memory.max') ? 'memory.max' : 'memory.limit_in_bytes';
    const used = memory.has('memory.max') ? 'memory.current' : 'memory.usage_in_bytes';
    memory.write(limit, String(2048 * MEBIBYTE));
    // In the group from the first page on.
    const cli = startCli(
      ['serve', fileURLToPath(fixtureModule('thread-needs')), '--port', '0', '--admin-port', '0'],
      { within: ['sh', '-c', `echo $$ > ${memory.folder}/cgroup.procs && exec "$@"`, 'sh'] },
    );
    const [, url = ''] = await cli.printed('stdout', /MCP server\s+(\S+)/);
    const clients = Array.from({ length: SESSIONS }, () => new RawClient(url));
    for (const client of clients) afterThisTest(() => client.destroy());
    for (const client of clients) await client.initialize();
    for (const client of clients) await client.call('echo', { text: 'awake' });
    // The last of them to take its share brings the container to 95 %.
    memory.write(limit, String(Math.round((Number(memory.read(used)) + SESSIONS * HELD_BYTES) / 0.95)));
    const answers = [];
    for (const client of clients)
      answers.push(await client.call('hold', { mebibytes: HELD_BYTES / MEBIBYTE }));
    const ended = await cli.printed('stderr', /the memory of the gateway's container is nearly full/);
    expect(ended).to.have.length(1);
    expect(cli.child.exitCode ?? cli.child.signalCode, JSON.stringify(answers)).to.equal(null);
    for (const client of clients)
      expect(textOf(await client.call('echo', { text: 'served' }))).to.equal('served');
  });
});
