import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { startCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import { connectedClient, mcpUrl, startGateway } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { listen } from '../support/listener.js';
import { startCatalogue } from '../support/programs.js';
import { RawClient } from '../support/raw-client.js';
import { ReloadedModule, reloadUnderLoad, type VersionAnswer, versionOf } from '../support/reloads.js';
import { StatelessCaller, textIn } from '../support/stateless-caller.js';

/** A module that notes that it is imported, and never returns. */
function looping(imports: string): string {
  return `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(imports)}, '.'); for (;;);`;
}

describe('reload', () => {
  it('fails no call and loses no state under load, and leaves no worker of an earlier version', async () => {
    const module = new ReloadedModule();
    const gateway = await startGateway({ serverModule: module.url, spareThreads: 1 });
    const outcome = await reloadUnderLoad(gateway, {
      sessions: 4,
      callsPerSecond: 100,
      reloads: 5,
      pauseMs: 100,
      write: (version) => module.write(version),
    });
    expect(outcome.errors).to.deep.equal([]);
    expect(outcome.wrong).to.deep.equal([]);
    expect(outcome.counted).to.equal(outcome.calls);
    expect(outcome.versions).to.include(6);
    await until(() => gateway.snapshot().outdatedWorkers === 0, 'the workers of earlier versions to be gone');
    const [server] = gateway.servers();
    expect(server).to.include({ version: 6, state: 'served', outdatedWorkers: 0 });
  });

  it('refuses a broken version, and tells clients which lists differ in a good one', async () => {
    const module = new ReloadedModule();
    const gateway = await startGateway({ serverModule: module.url, bundle: true, affinity: 'request' });
    const reloads = collect(gateway.events, 'server-reloaded');
    const client = await connectedClient(gateway);
    const { stream } = await client.get();
    const legacy = await LegacyClient.connect(gateway);
    const listening = await listen(new RawClient(mcpUrl(gateway)), { toolsListChanged: true });
    expect(await versionOf(client)).to.deep.equal({ version: 1, count: 1 });

    module.writeText('export default {');
    const refused = await fetch(new URL('/servers/server/reload', gateway.adminUrl), { method: 'POST' });
    const { error, message, where } = (await refused.json()) as Record<string, string>;
    expect([refused.status, error]).to.deep.equal([422, 'reload_refused']);
    expect(message).to.match(/server\.mjs: the server module cannot be used/);
    expect(where).to.match(/server\.mjs:1:17/);
    expect(await versionOf(client)).to.deep.equal({ version: 1, count: 2 });

    module.write(2, { setup: "server.registerTool('more', {}, () => ({ content: [] }));" });
    const reloaded = await fetch(new URL('/servers/server/reload', gateway.adminUrl), { method: 'POST' });
    expect(await reloaded.json()).to.include({ name: 'server', version: 2 });
    const told = await stream.message();
    expect(told.method).to.equal('notifications/tools/list_changed');
    await legacy.stream.message(({ method }) => method === 'notifications/tools/list_changed');
    await listening.next('tools/list_changed');
    expect(listening.told).to.deep.equal(['tools/list_changed']);
    const { result } = await client.ask('tools/list');
    expect((result as { tools: { name: string }[] }).tools.map(({ name }) => name)).to.include('more');
    expect(await versionOf(client)).to.deep.equal({ version: 2, count: 3 });

    const stateless = new StatelessCaller(mcpUrl(gateway));
    const { result: called } = await stateless.request('tools/call', { name: 'version', arguments: {} });
    expect(JSON.stringify(called)).to.include('\\"version\\":2');
    expect(reloads.map(({ result, version, changed }) => [result, version, changed])).to.deep.equal([
      ['refused', 1, []],
      ['reloaded', 2, ['tools']],
    ]);
  });

  it('changes the affinity, for the clients of both eras', async () => {
    const module = new ReloadedModule();
    const load = async (version: number, affinity: string): Promise<void> => {
      module.write(version, { fields: `affinity: '${affinity}',` });
      if (version > 1) await gateway.reload();
    };
    module.write(1, { fields: "affinity: 'session'," });
    const gateway = await startGateway({ serverModule: module.url });
    const client = await connectedClient(gateway);
    const caller = new StatelessCaller(mcpUrl(gateway));
    const called = async (args: Record<string, unknown> = {}, headers = {}) => {
      const reply = await caller.call('version', args, {}, { headers });
      return reply.error?.code ?? (JSON.parse(textIn(reply)) as VersionAnswer);
    };
    expect(await versionOf(client)).to.deep.equal({ version: 1, count: 1 });
    expect(await called()).to.equal(-32022);

    await load(2, 'request');
    expect((await caller.request('server/discover')).result.supportedVersions).to.include('2026-07-28');
    for (let call = 0; call < 2; call += 1)
      expect(await called(), 'nothing is kept').to.deep.equal({ version: 2, count: 1 });
    expect(await versionOf(client)).to.deep.equal({ version: 2, count: 2 });

    const listening = await listen(new RawClient(mcpUrl(gateway)), { toolsListChanged: true });
    await load(3, 'handle');
    await listening.next('tools/list_changed');
    const { result } = await caller.call('open_session');
    const { session } = result.structuredContent as { session: string };
    const headers = { 'mcp-param-session': session };
    for (const count of [1, 2])
      expect(await called({ session }, headers), 'a handle').to.deep.equal({ version: 3, count });
    expect(await called(), 'no handle').to.deep.equal({ version: 3, count: 1 });
    const names = ((await client.ask('tools/list')).result as { tools: { name: string }[] }).tools;
    expect(names.map(({ name }) => name)).to.deep.equal(['version']);
    expect(await versionOf(client)).to.deep.equal({ version: 3, count: 3 });

    await load(4, 'session');
    expect(await listening.stream.ended).to.equal('end');
    expect(listening.told.at(-1)).to.equal('response');
    expect(await called({ session }, headers)).to.equal(-32022);
    expect(await versionOf(client)).to.deep.equal({ version: 4, count: 4 });
    await load(5, 'handle');
    expect(await called({ session }, headers), 'the handle still opens it').to.deep.equal({
      version: 5,
      count: 3,
    });
  });

  it('follows each save where files are watched', async () => {
    const module = new ReloadedModule();
    const gateway = await startGateway({ serverModule: module.url, bundle: true, watch: true });
    const client = await connectedClient(gateway);
    const reloaded = () => once(gateway.events, 'server-reloaded');
    let next = reloaded();
    module.writeText('export default {');
    expect(await next).to.include({ result: 'refused', cause: 'watch' });
    expect((await versionOf(client)).version).to.equal(1);
    next = reloaded();
    module.write(2);
    expect(await next).to.include({ result: 'reloaded', version: 2 });
    expect(await versionOf(client)).to.deep.equal({ version: 2, count: 2 });

    module.writeFile('number.mjs', 'export const number = 3;');
    next = reloaded();
    module.write('number', { head: "import { number } from './number.mjs';" });
    expect(await next).to.include({ result: 'reloaded', version: 3 });
    expect((await versionOf(client)).version).to.equal(3);
    for (const [number, how] of [
      [4, 'in place'],
      [5, 'renamed'],
    ] as const) {
      next = reloaded();
      module.writeFile('number.mjs', `export const number = ${number};`, how);
      expect(await next, how).to.include({ result: 'reloaded', version: number });
      expect((await versionOf(client)).version, how).to.equal(number);
    }

    const imports = join(dirname(module.path), 'imports');
    // In a file that is imported for the first time, and that is mended there.
    next = reloaded();
    module.writeFile('late.mjs', looping(imports));
    module.write(6, { head: "import './late.mjs';" });
    await until(() => existsSync(imports), 'the import to begin');
    module.writeFile('late.mjs', '');
    expect(await next).to.include({ result: 'reloaded', version: 6 });
    expect((await versionOf(client)).version).to.equal(6);

    next = reloaded();
    module.remove();
    expect(await next).to.include({ result: 'refused', version: 6 });
    for (const version of [7, 8]) {
      next = reloaded();
      module.write(version);
      expect(await next).to.include({ result: 'reloaded', version });
    }
    expect((await versionOf(client)).version).to.equal(8);
  });

  it('ends the wait for a version that hangs at start, and watches what was missing then', async () => {
    const hanging = new ReloadedModule();
    const missing = new ReloadedModule();
    const imports = join(dirname(hanging.path), 'imports');
    hanging.writeText(looping(imports));
    missing.remove();
    const starting = startCatalogue(
      { hanging: { module: hanging.path }, missing: { module: missing.path } },
      { watch: true },
    );
    await until(() => existsSync(imports), 'the import to begin');
    hanging.write(2);
    const gateway = await starting;
    const states = () => gateway.servers().map(({ state, version }) => `${state} ${version}`);
    expect(states()).to.deep.equal(['served 1', 'broken 0']);
    for (const version of [1, 2]) {
      missing.write(version);
      const shown = () => gateway.servers()[1]?.serverInfo?.version === `${version}.0.0`;
      await until(shown, `version ${version} to be served`);
    }
  });

  it('follows SIGHUP: a module in processes, and a program', async function () {
    if (process.platform === 'win32') this.skip();
    const module = new ReloadedModule();
    const program = (version: number): void =>
      module.writeFile('program.mjs', PROGRAM.replaceAll('VERSION', `${version}`));
    program(1);
    module.writeFile(
      'bulkhead.json',
      JSON.stringify({
        servers: {
          module: { module: './server.mjs', isolation: 'process' },
          program: { script: './program.mjs', sleepAfter: '1h' },
        },
      }),
    );
    const flags = ['--config', module.pathOf('bulkhead.json'), '--port', '0', '--admin-port', '0'];
    const cli = startCli(['serve', ...flags, '--log-format', 'json']);
    const [, url = ''] = await cli.printed('stdout', /(http:\S+)\/module\/mcp/);
    const clients = ['module', 'program'].map((name) => new RawClient(new URL(`/${name}/mcp`, url)));
    afterThisTest(() => clients.forEach((client) => void client.destroy()));
    const versions = () => Promise.all(clients.map(async (client) => (await versionOf(client)).version));
    for (const client of clients) await client.initialize();
    expect(await versions()).to.deep.equal([1, 1]);

    module.write(2);
    program(2);
    cli.child.kill('SIGHUP');
    for (const name of ['module', 'program'])
      await cli.printed('stderr', new RegExp(`"server":"${name}".*"msg":"server reloaded"`));
    expect(await versions()).to.deep.equal([2, 2]);
  });
});

/** Speaks stdio without an SDK. Its tool names a version. */
const PROGRAM = `
import { createInterface } from 'node:readline';
const results = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'program', version: 'VERSION' },
  }),
  'tools/list': () => ({ tools: [{ name: 'version', inputSchema: { type: 'object' } }] }),
  'tools/call': () => ({ content: [{ type: 'text', text: '{"version":VERSION}' }] }),
};
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: results[method]?.(params) ?? {} }));
}
`;
