import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { once } from '../support/events.js';
import { expectRejection } from '../support/expectations.js';
import { LegacyClient } from '../support/legacy-client.js';
import { fixtureModule } from '../support/modules.js';
import { program, sessionOf, startCatalogue } from '../support/programs.js';
import { initializeRequest, RawClient, textOf } from '../support/raw-client.js';

const light = { module: fileURLToPath(fixtureModule('light')) };

describe('a gateway with several servers', () => {
  it('serves each at a path of its own, modules and programs side by side', async () => {
    const gateway = await startCatalogue({
      light,
      odd: program('odd-server.mjs'),
      other: program('odd-server.mjs'),
    });
    const [module, odd, other] = await Promise.all(
      ['light', 'odd', 'other'].map((name) => sessionOf(gateway, name)),
    );
    expect((await module!.ask('tools/list')).result).to.have.property('tools');
    await odd!.call('count');
    expect(textOf(await odd!.call('count'))).to.equal('2');
    expect(textOf(await other!.call('count'))).to.equal('1');
    expect(
      gateway.servers().map(({ name, kind, state, sessions }) => ({ name, kind, state, sessions })),
    ).to.deep.equal([
      { name: 'light', kind: 'module', state: 'served', sessions: 1 },
      { name: 'odd', kind: 'command', state: 'served', sessions: 1 },
      { name: 'other', kind: 'command', state: 'served', sessions: 1 },
    ]);
    expect(gateway.snapshot()).to.deep.include({ servers: { starting: 0, served: 3, broken: 0 } });
  });

  it('knows a session only where it was opened', async () => {
    const gateway = await startCatalogue({
      odd: program('odd-server.mjs'),
      other: program('odd-server.mjs'),
    });
    const client = await sessionOf(gateway, 'odd');
    const elsewhere = new RawClient(new URL('/other/mcp', gateway.url));
    afterThisTest(() => elsewhere.destroy());
    elsewhere.sessionId = client.sessionId;
    await expectRejection(await elsewhere.post({ jsonrpc: '2.0', id: 1, method: 'ping' }), 404);
    expect(textOf(await client.call('count'))).to.equal('1');
  });

  it('answers an unknown name, and the paths of a single server, with the names that exist', async () => {
    const gateway = await startCatalogue({ odd: program('odd-server.mjs'), light });
    for (const path of ['/nobody/mcp', '/mcp', '/sse', '/odd', '/odd/mcp/more']) {
      const client = new RawClient(new URL(path, gateway.url));
      afterThisTest(() => client.destroy());
      const { error } = await expectRejection(await client.send('GET'), 404);
      expect(error?.message).to.match(/The servers here are: odd, light\./);
    }
  });

  it('shows a browser which there are', async () => {
    const gateway = await startCatalogue({ odd: program('odd-server.mjs'), light });
    const page = await fetch(new URL('/', gateway.url), { headers: { accept: 'text/html' } });
    expect(page.status).to.equal(200);
    expect(page.headers.get('content-type')).to.match(/^text\/html/);
    expect(await page.text())
      .to.include('<code>/odd/mcp</code>')
      .and.include('<code>/light/mcp</code>');
  });

  it('serves one alone at the root as well', async () => {
    const gateway = await startCatalogue({ odd: program('odd-server.mjs') });
    expect(gateway.url.pathname).to.equal('/mcp');
    const client = new RawClient(gateway.url);
    afterThisTest(() => client.destroy());
    await client.initialize();
    expect(textOf(await client.call('count'))).to.equal('1');
  });

  it('gives each a legacy endpoint too', async () => {
    const gateway = await startCatalogue({ odd: program('odd-server.mjs'), light });
    const client = await LegacyClient.connect(gateway, {}, new URL('/odd/sse', gateway.url));
    expect(textOf(await client.call('first', 'count'))).to.equal('1');
  });
});

describe('a server that is broken', () => {
  it('gets 503 with the reason, and keeps no other from being served', async () => {
    const broken = { module: fileURLToPath(fixtureModule('broken-setup')) };
    const gateway = await startCatalogue({
      broken,
      odd: program('odd-server.mjs'),
      wrong: { command: '' } as never,
    });
    const refused = await expectRejection(
      await new RawClient(new URL('/broken/mcp', gateway.url)).post({
        jsonrpc: '2.0',
        id: 1,
        method: 'ping',
      }),
      503,
    );
    expect(refused.error?.message).to.match(/^The server "broken" cannot be served: .*setup/);
    expect(gateway.servers().find(({ name }) => name === 'wrong')?.reason).to.match(/command/);
    expect(textOf(await (await sessionOf(gateway, 'odd')).call('count'))).to.equal('1');
    expect(gateway.snapshot().servers).to.deep.equal({ starting: 0, served: 1, broken: 2 });
  });

  it('is one of three among twenty, and the other seventeen have sessions at the same time', async () => {
    const names = Array.from({ length: 17 }, (_, index) => `odd-${index + 1}`);
    const gateway = await startCatalogue({
      setup: { module: fileURLToPath(fixtureModule('broken-setup')) },
      ...Object.fromEntries(names.map((name) => [name, program('odd-server.mjs')])),
      missing: { package: 'not-installed-anywhere' },
      wrong: { command: '', args: [] } as never,
    });
    expect(gateway.snapshot().servers).to.deep.equal({ starting: 0, served: 17, broken: 3 });
    const clients = await Promise.all(names.map((name) => sessionOf(gateway, name)));
    const pids = await Promise.all(clients.map(async (client) => textOf(await client.call('pid'))));
    expect(new Set(pids).size).to.equal(17);
    const reasons = gateway.servers().filter(({ state }) => state === 'broken');
    expect(reasons.map(({ name, reason }) => [name, reason !== undefined])).to.deep.equal([
      ['setup', true],
      ['missing', true],
      ['wrong', true],
    ]);
    for (const { name } of reasons) {
      const client = new RawClient(new URL(`/${name}/mcp`, gateway.url));
      afterThisTest(() => client.destroy());
      const refused = await expectRejection(await client.post(initializeRequest(1)), 503);
      expect(refused.error?.message).to.include(`The server "${name}" cannot be served`);
    }
  });

  it('is served once what was wrong with its module is mended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'broken-server-'));
    afterThisTest(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'late.mjs');
    writeFileSync(file, 'export default 1;');
    const gateway = await startCatalogue({ late: { module: file }, odd: program('odd-server.mjs') });
    expect(gateway.servers()[0]).to.deep.include({ name: 'late', state: 'broken' });
    const served = once(
      gateway.events,
      'notice',
      ({ message }) => message === 'the server "late" is served now',
    );
    writeFileSync(file, `export { default } from ${JSON.stringify(fixtureModule('light').href)};`);
    await served;
    expect((await (await sessionOf(gateway, 'late')).ask('tools/list')).result).to.have.property('tools');
  });

  it('is an error at start where the gateway is strict', async () => {
    const servers = {
      broken: { module: fileURLToPath(fixtureModule('broken-setup')) },
      odd: program('odd-server.mjs'),
    };
    const failure = await startCatalogue(servers, { strict: true }).then(
      () => 'it started',
      ({ code }: { code?: string }) => code,
    );
    expect(failure).to.equal('ERR_BULKHEAD_SERVER_MODULE');
  });
});
