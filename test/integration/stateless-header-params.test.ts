/** Arguments that callers repeat in headers (2026-07-28, Custom Headers from Tool Parameters): who tells the gateway of them. */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { fixtureModule } from '../support/modules.js';
import { inProcess, inThread, program, startCatalogue } from '../support/programs.js';
import { RawClient } from '../support/raw-client.js';
import { askStateless } from '../support/stateless.js';

const TOKEN = 'a-token-of-a-principal-0123456789';
const PROGRAM = 'header-params-server.mjs';
const DYNAMIC = { lists: 'dynamic', affinity: 'principal' };

describe('A tool whose x-mcp-header is not valid', () => {
  it('is reported when the gateway starts, with its property and what is wrong: clients ignore it silently', async () => {
    const module = fileURLToPath(fixtureModule('header-params'));
    const ports = ['--port', '0', '--admin-port', '0'];
    const cli = startCli(['serve', module, ...ports, '--affinity', 'request', '--log-format', 'json']);
    const [line] = await cli.printed('stderr', /.*ignore the tool.*/);
    const { level, tool, property, msg } = JSON.parse(line) as Record<string, string>;
    expect({ tool, property }).to.deep.equal({ tool: 'broken', property: 'inputSchema.properties.speed' });
    expect(msg).to.include('must be string, integer or boolean');
    expect(['warn', 40]).to.include(level);
  });
});

describe('A server whose lists may change at any time', () => {
  const servers = {
    'a command': program(PROGRAM, [], DYNAMIC),
    'a program in a process': inProcess(PROGRAM, [], DYNAMIC),
    'a program in a thread': inThread(PROGRAM, [], DYNAMIC),
  };
  for (const [what, entry] of Object.entries(servers)) {
    it(`is known by the list that clients were given last: ${what}`, async () => {
      const gateway = await startCatalogue({ maps: entry }, { token: TOKEN });
      const authorization = `Bearer ${TOKEN}`;
      const client = new RawClient(new URL('/maps/mcp', gateway.url), { headers: { authorization } });
      afterThisTest(() => client.destroy());
      const list = () => askStateless(client, 'tools/list');
      const find = async (header: string | undefined) => {
        const headers = header === undefined ? {} : { [header]: 'west' };
        const params = { name: 'find', arguments: { region: 'west' } };
        const { status, answer } = await askStateless(client, 'tools/call', params, { headers });
        return { status, code: answer.error?.code };
      };
      const served = { status: 200, code: undefined };
      const refused = { status: 400, code: -32020 };

      expect(await find(undefined), 'before any list').to.deep.equal(served);
      expect((await list()).status).to.equal(200);
      expect(await find(undefined)).to.deep.equal(refused);
      expect(await find('mcp-param-region')).to.deep.equal(served);
      expect((await list()).status).to.equal(200);
      expect(await find('mcp-param-region')).to.deep.equal(refused);
      expect(await find('mcp-param-region-1')).to.deep.equal(served);
    });
  }
});
