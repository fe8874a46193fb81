// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested.
/** Where servers are given: in a config file, to createGateway, or as the only one on the command line. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { fromApi, type GatewayOptions, resolveOptions } from '../../../src/config/options.js';
import { createOptionFolder, type OptionFolder, sentenceOf } from '../../support/option-folder.js';
import { sharedServerFolder } from '../../support/server-folder.js';

describe('servers of a file', () => {
  const folder = sharedServerFolder();
  const { catalogueOf } = folder;

  it('are one or more', () => {
    for (const servers of [{}, [], 'a', null]) {
      expect(sentenceOf(() => catalogueOf(servers as object))).to.match(
        /^"servers" in bulkhead\.json .* must /,
      );
    }
  });

  it('are not beside a server-module in it', () => {
    const content = { servers: { a: { command: 'a' } }, 'server-module': 'server.mjs' };
    expect(sentenceOf(() => folder.fromFile(content))).to.equal(
      '"server-module" in bulkhead.json and "servers" in bulkhead.json both say what is served: keep one of them.',
    );
  });

  it('give way to a module that a flag or a variable names', () => {
    folder.fromFile({ servers: { a: { command: 'a' } } });
    const sources = { configFile: 'bulkhead.json', cwd: folder.path };
    const byFlag = resolveOptions({ ...sources, flags: { serverModule: 'server.mjs' } });
    expect(byFlag.catalogue.servers.map(({ name }) => name)).to.deep.equal(['server']);
    const byVariable = resolveOptions({
      ...sources,
      environment: { BULKHEAD_SERVER_MODULE: 'server.mjs' },
    });
    expect(byVariable.catalogue.single).to.equal(true);
  });

  it('start from its folder, wherever the gateway is started', () => {
    const inner = join(folder.path, 'inner');
    mkdirSync(inner);
    writeFileSync(join(inner, 'tool.js'), '');
    writeFileSync(join(inner, 'servers.json'), '{"servers": {"a": {"script": "./tool.js"}}}');
    const { catalogue } = resolveOptions({ configFile: 'inner/servers.json', cwd: folder.path });
    expect(catalogue.servers[0]).to.include({ script: join(inner, 'tool.js'), cwd: inner });
  });

  it('have their variables expanded from the environment', () => {
    writeFileSync(
      join(folder.path, 'variables.json'),
      JSON.stringify({
        servers: {
          fs: {
            command: '${BIN}/server',
            args: ['--root=${ROOT:-/srv}', '${UNSET}'],
            env: { TOKEN: '${SECRET}', OWN: '${BULKHEAD_TOKEN}' },
          },
        },
      }),
    );
    const environment = { BIN: '/opt', SECRET: 'hush', BULKHEAD_TOKEN: 'mine' };
    const options = resolveOptions({ configFile: 'variables.json', environment, cwd: folder.path });
    expect(options.catalogue.servers[0]).to.deep.include({
      command: '/opt/server',
      args: ['--root=/srv', '${UNSET}'],
      env: { TOKEN: 'hush', OWN: '${BULKHEAD_TOKEN}' },
    });
    expect(options.catalogue.warnings).to.deep.equal([
      '"servers.fs.args" in variables.json uses ${UNSET}, but this variable is not set: it is passed on as written.',
      '"servers.fs.env" in variables.json uses ${BULKHEAD_TOKEN}, which is a variable of the gateway itself and is not passed to servers: it is passed on as written.',
    ]);
  });

  it("are not a client's", () => {
    expect(sentenceOf(() => folder.fromFile({ mcpServers: {} }))).to.match(
      /^"mcpServers" in bulkhead\.json belongs to clients' files: give the file without --config/,
    );
  });
});

describe('servers of createGateway', () => {
  const folder = sharedServerFolder();

  it('are the same map, from the current folder', () => {
    const { catalogue } = fromApi({
      servers: { a: { command: './a' }, b: { module: 'builtin:environment' } },
    });
    expect(catalogue.servers[0]).to.include({
      command: join(process.cwd(), 'a'),
      cwd: process.cwd(),
      source: 'servers.a',
    });
    expect(catalogue).to.deep.include({ broken: [], single: false });
  });

  it('are files by path, by file: URL in text, or by URL', () => {
    const module = pathToFileURL(join(folder.path, 'server.mjs'));
    const script = pathToFileURL(join(folder.path, 'program.js'));
    const { catalogue } = fromApi({
      servers: { a: { module }, b: { module: module.href }, c: { script }, d: { script: script.href } },
    });
    const moduleUrl = module.href;
    const path = fileURLToPath(script);
    expect(catalogue.servers[0]).to.include({ moduleUrl });
    expect(catalogue.servers[1]).to.include({ moduleUrl });
    expect(catalogue.servers[2]).to.include({ script: path });
    expect(catalogue.servers[3]).to.include({ script: path });
  });

  it('are called by their keys in messages', () => {
    const servers = { a: { comand: 'a' } } as unknown as NonNullable<GatewayOptions['servers']>;
    expect(fromApi({ servers }).catalogue.broken[0]?.reason).to.equal(
      'servers.a.comand is not a key of a server (did you mean "command"?).',
    );
  });

  it('are not beside a serverModule', () => {
    const given = { serverModule: join(folder.path, 'server.mjs'), servers: { a: { command: 'a' } } };
    expect(sentenceOf(() => fromApi(given))).to.equal(
      'serverModule and servers both say what is served: keep one of them.',
    );
  });
});

describe('A single server', () => {
  let folder: OptionFolder;

  before(() => {
    folder = createOptionFolder();
  });

  after(() => folder.remove());

  it('is the built-in one, named env, where nothing is given', () => {
    const { catalogue, serverModule } = folder.fromFlags({});
    expect(serverModule).to.equal(undefined);
    expect(catalogue).to.include({ single: true });
    expect(catalogue.servers[0]).to.include({ kind: 'module', name: 'env', moduleUrl: undefined });
  });

  it('is a module, with the name of its file', () => {
    writeFileSync(join(folder.path, 'my tools.v2.mjs'), '');
    const { catalogue, serverModule } = folder.fromFlags({ serverModule: 'my tools.v2.mjs' });
    expect(catalogue.servers[0]).to.include({ kind: 'module', name: 'my-tools-v2', moduleUrl: serverModule });
    expect(serverModule).to.match(/^file:.*my%20tools\.v2\.mjs$/);
  });

  it('is a command, with the name of what it starts; its words are as the shell left them', () => {
    const command = ['npx', '-y', '@modelcontextprotocol/server-memory', '${NOT}', '--flag'];
    const { catalogue, serverModule } = resolveOptions({ command, cwd: folder.path });
    expect(serverModule).to.equal(undefined);
    expect(catalogue).to.deep.include({ single: true, warnings: [] });
    expect(catalogue.servers[0]).to.deep.include({
      kind: 'command',
      name: 'server-memory',
      command: 'npx',
      args: command.slice(1),
      cwd: folder.path,
      isolation: 'process',
    });
  });

  it('is not a command and a module', () => {
    const sources = { flags: { serverModule: 'server.mjs' }, command: ['npx'], cwd: folder.path };
    expect(sentenceOf(() => resolveOptions(sources))).to.equal(
      '[server-module] and -- both say what is served: keep one of them.',
    );
  });

  it('is refused where nothing stands after --', () => {
    for (const command of [[], ['']]) {
      expect(sentenceOf(() => resolveOptions({ command, cwd: folder.path }))).to.match(
        /^-- must be followed by a command/,
      );
    }
  });
});
