/** Arguments that callers repeat in headers (2026-07-28, Custom Headers from Tool Parameters): who tells the gateway of them. */
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { collect, once } from '../support/events.js';
import { type Gateway, rawClient, startGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { inProcess, inThread, program, startCatalogue } from '../support/programs.js';
import { RawClient, type RawHeaders } from '../support/raw-client.js';
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
    'a command': program(PROGRAM, ['--changing'], DYNAMIC),
    'a program in a process': inProcess(PROGRAM, ['--changing'], DYNAMIC),
    'a program in a thread': inThread(PROGRAM, ['--changing'], DYNAMIC),
  };
  for (const [what, entry] of Object.entries(servers)) {
    it(`is asked for it before the first call, and known by the list that clients were given last: ${what}`, async () => {
      const gateway = await startCatalogue({ maps: entry }, { token: TOKEN });
      const { list, find } = callsOf(gateway);
      // Its status is 400 only where the program starts soon.
      expect((await find(undefined)).code, 'before any list').to.equal(REFUSED.code);
      expect(await find('mcp-param-region')).to.deep.equal(SERVED);
      expect((await list()).status).to.equal(200);
      expect(await find('mcp-param-region')).to.deep.equal(REFUSED);
      expect(await find('mcp-param-region-1')).to.deep.equal(SERVED);
    });
  }
});

describe('A server whose lists were learned', () => {
  it('is known as soon as the gateway is started again', async () => {
    const servers = { maps: program(PROGRAM, [], { affinity: 'request' }) };
    const first = await startCatalogue(servers, { token: TOKEN });
    const learned = once(first.events, 'lists-learned');
    expect(await callsOf(first).find('mcp-param-region')).to.deep.equal(SERVED);
    expect((await learned).outcome).to.equal('learned');
    expect(await callsOf(first).find(undefined)).to.deep.equal(REFUSED);
    await first.close();

    const second = await startCatalogue(servers, { token: TOKEN });
    const started = collect(second.events, 'thread-started');
    expect(await callsOf(second).find(undefined)).to.deep.equal(REFUSED);
    expect(started).to.deep.equal([]);
    expect(await callsOf(second).find('mcp-param-region')).to.deep.equal(SERVED);
  });
});

describe('The handle of a session', () => {
  it('is repeated in a header as well, which is compared', async () => {
    const gateway = await startGateway({ serverModule: fixtureModule('header-params'), affinity: 'handle' });
    const client = rawClient(gateway);
    const opened = await askStateless(client, 'tools/call', { name: 'open_session', arguments: {} });
    const { session } = (opened.answer.result?.structuredContent ?? {}) as { session: string };
    const find = async (headers: RawHeaders) => {
      const params = { name: 'find', arguments: { session } };
      const { status, answer } = await askStateless(client, 'tools/call', params, { headers });
      return { status, code: answer.error?.code };
    };
    expect(await find({ 'mcp-param-session': session })).to.deep.equal(SERVED);
    expect(await find({})).to.deep.equal(REFUSED);
    expect(await find({ 'mcp-param-session': 'another' })).to.deep.equal(REFUSED);
  });
});

const SERVED = { status: 200, code: undefined };
const REFUSED = { status: 400, code: -32020 };

/** Calls of a client of the server `maps`. */
function callsOf(gateway: Gateway) {
  const authorization = `Bearer ${TOKEN}`;
  const client = new RawClient(new URL('/maps/mcp', gateway.url), { headers: { authorization } });
  afterThisTest(() => client.destroy());
  return {
    list: () => askStateless(client, 'tools/list'),
    /** @param header that repeats the argument */
    find: async (header: string | undefined) => {
      const headers = header === undefined ? {} : { [header]: 'west' };
      const params = { name: 'find', arguments: { region: 'west' } };
      const { status, answer } = await askStateless(client, 'tools/call', params, { headers });
      return { status, code: answer.error?.code };
    },
  };
}
