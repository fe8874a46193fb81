/** What authors are told of arguments that callers repeat in headers (2026-07-28, Custom Headers from Tool Parameters). */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startCli } from '../support/cli-process.js';
import { fixtureModule } from '../support/modules.js';

describe('A tool whose x-mcp-header is not valid', () => {
  it('is reported when the gateway starts, with its property and what is wrong: clients ignore it silently', async () => {
    const module = fileURLToPath(fixtureModule('header-params'));
    const cli = startCli(['serve', module, '--port', '0', '--admin-port', '0', '--log-format', 'json']);
    const [line] = await cli.printed('stderr', /.*ignore the tool.*/);
    const { level, tool, property, msg } = JSON.parse(line) as Record<string, string>;
    expect({ tool, property }).to.deep.equal({ tool: 'broken', property: 'inputSchema.properties.speed' });
    expect(msg).to.include('must be string, integer or boolean');
    expect(['warn', 40]).to.include(level);
  });
});
