// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested.
/** Clients' configuration files, as they are. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { resolveOptions } from '../../../src/config/options.js';
import type { Catalogue } from '../../../src/servers/server-entry.js';
import { createOptionFolder, type OptionFolder, sentenceOf } from '../../support/option-folder.js';

describe("A client's file", () => {
  let folder: OptionFolder;

  beforeEach(() => {
    folder = createOptionFolder();
  });

  afterEach(() => folder.remove());

  /** The catalogue of `bulkhead serve <name>`. */
  function serve(name: string, content: unknown, environment: Record<string, string> = {}): Catalogue {
    const path = join(folder.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return resolveOptions({ flags: { serverModule: name }, environment, cwd: folder.path }).catalogue;
  }

  it('of Claude Code is served: its stdio servers, with keys that mean nothing here', () => {
    const { servers, broken, single, warnings } = serve('.mcp.json', {
      mcpServers: {
        memory: { type: 'stdio', command: 'npx', args: ['-y', 'server-memory'], env: {}, timeout: 60_000 },
        files: { command: './files', alwaysLoad: true, disabled: false, autoApprove: ['read'] },
      },
    });
    expect(servers.map(({ name, kind, source }) => [name, kind, source])).to.deep.equal([
      ['memory', 'command', '.mcp.json, mcpServers.memory'],
      ['files', 'command', '.mcp.json, mcpServers.files'],
    ]);
    expect(servers[1]).to.include({ command: join(folder.path, 'files'), cwd: folder.path });
    expect({ broken, single, warnings }).to.deep.equal({ broken: [], single: false, warnings: [] });
  });

  it('of VS Code is served, with comments and trailing commas, from the folder of the workspace', () => {
    const { servers, warnings } = serve(
      '.vscode/mcp.json',
      `{
        // The servers of this project.
        "inputs": [],
        "servers": {
          "fs": { "type": "stdio", "command": "npx", "args": ["-y", "fs", "\${workspaceFolder}/src", "https://a//b"], /* all */ },
        },
      }`,
    );
    expect(servers[0]).to.deep.include({
      args: ['-y', 'fs', `${folder.path}/src`, 'https://a//b'],
      cwd: folder.path,
    });
    expect(warnings).to.deep.equal([]);
  });

  it('may be the user’s own, of which only the servers count', () => {
    const { servers } = serve('claude.json', {
      numStartups: 7,
      projects: { '/a': { mcpServers: { other: { command: 'other' } } } },
      mcpServers: { mine: { command: 'mine' } },
    });
    expect(servers.map(({ name }) => name)).to.deep.equal(['mine']);
  });

  it('may say more of a server than the client understands', () => {
    const { servers } = serve('.mcp.json', {
      mcpServers: {
        a: { command: 'a', inheritEnv: ['AWS_PROFILE'], 'sleep-after': '1m', tools: { deny: 'x' } },
      },
    });
    expect(servers[0]).to.deep.include({ inheritEnv: ['AWS_PROFILE'], sleepAfterMs: 60_000 });
    expect(servers[0]?.tools?.deny).to.deep.equal(['x']);
  });

  it('of GitHub Copilot lists the tools that it wants', () => {
    const { servers } = serve('mcp-config.json', {
      mcpServers: { a: { type: 'local', command: 'a', args: [], tools: ['read', 'list'] } },
    });
    expect(servers[0]?.tools?.allow).to.deep.equal(['read', 'list']);
  });

  it('has remote servers, which are told and not served', () => {
    const { servers, broken, warnings } = serve('.mcp.json', {
      mcpServers: {
        local: { command: 'a' },
        sentry: { type: 'http', url: 'https://mcp.sentry.dev/mcp' },
        cursor: { url: 'http://localhost:1/mcp' },
        windsurf: { serverUrl: 'http://localhost:2/mcp' },
        events: { type: 'sse', url: 'http://localhost:3/sse' },
        socket: { type: 'ws', url: 'ws://localhost:4' },
      },
    });
    expect(servers.map(({ name }) => name)).to.deep.equal(['local']);
    expect(broken).to.deep.equal([]);
    expect(warnings).to.have.length(5);
    expect(warnings[0]).to.equal(
      '"mcpServers.sentry" in .mcp.json is a remote server and is not served: clients connect to it themselves.',
    );
  });

  it('is refused where all of its servers are remote', () => {
    expect(
      sentenceOf(() => serve('.mcp.json', { mcpServers: { a: { url: 'http://localhost:1' } } })),
    ).to.equal('"mcpServers" in .mcp.json has no server that can be served, but must have one or more.');
  });

  it('has servers with any name, which are served under one that a path can have', () => {
    const { servers, broken, warnings } = serve('claude_desktop_config.json', {
      mcpServers: {
        'My Server (v2)': { command: 'a' },
        'my.server': { command: 'b' },
        'my/server': { command: 'c' },
        mcp: { command: 'd' },
      },
    });
    expect(servers.map(({ name }) => name)).to.deep.equal(['My-Server-v2', 'my-server', 'mcp-server']);
    expect(warnings[0]).to.match(
      /^"mcpServers\.My Server \(v2\)" in claude_desktop_config\.json is served as "My-Server-v2": /,
    );
    expect(broken[0]?.reason).to.equal(
      '"mcpServers.my/server" in claude_desktop_config.json would be served as "my-server", which is the name of claude_desktop_config.json, mcpServers.my.server: give it another name.',
    );
  });

  it('has broken servers, which leave the others served', () => {
    const { servers, broken } = serve('.mcp.json', {
      mcpServers: {
        a: { command: 'a' },
        b: { type: 'pipe' },
        c: {},
        d: 'npx',
        e: { command: 'e', args: 'x' },
      },
    });
    expect(servers.map(({ name }) => name)).to.deep.equal(['a']);
    expect(broken.map(({ reason }) => reason.replace(/, but .*| must .*/, ''))).to.deep.equal([
      '"mcpServers.b.type" in .mcp.json is "pipe"',
      '"mcpServers.c" in .mcp.json',
      '"mcpServers.d" in .mcp.json is "npx"',
      '"mcpServers.e.args" in .mcp.json is "x"',
    ]);
  });

  it('may have the variables of editors', () => {
    const { servers } = serve(
      '.cursor/mcp.json',
      {
        mcpServers: {
          a: {
            command: '${userHome}/bin/a',
            args: ['${workspaceFolderBasename}', '${env:KEY}', '${KEY}', '${pathSeparator}', '${/}'],
          },
        },
      },
      { KEY: 'k' },
    );
    const name = folder.path.split('/').at(-1);
    expect(servers[0]).to.deep.include({
      command: join(homedir(), 'bin/a'),
      args: [name, 'k', 'k', '/', '/'],
      cwd: folder.path,
    });
  });

  it('may ask for what only an editor can answer: such a server is broken', () => {
    const { broken } = serve('.vscode/mcp.json', {
      servers: { a: { command: 'a', env: { KEY: '${input:api-key}' } } },
    });
    expect(broken[0]?.reason).to.match(
      /^"servers\.a\.env" in \.vscode\/mcp\.json uses \$\{input:api-key\}, which only the client's editor can fill in/,
    );
  });

  it('may name a file of variables; those of env go over them', () => {
    writeFileSync(join(folder.path, '.env'), 'A=file\nB="two words"\n');
    const { servers } = serve('.vscode/mcp.json', {
      servers: { a: { command: 'a', envFile: '${workspaceFolder}/.env', env: { A: 'entry' } } },
    });
    expect(servers[0]?.env).to.deep.equal({ A: 'entry', B: 'two words' });
  });

  it('is broken, and may be read again, where that file is missing', () => {
    const [broken] = serve('.mcp.json', { mcpServers: { a: { command: 'a', envFile: '.env' } } }).broken;
    expect(broken?.reason).to.match(
      /^"mcpServers\.a\.envFile" in \.mcp\.json is "\.env", which cannot be read: ENOENT/,
    );
    writeFileSync(join(folder.path, '.env'), 'A=1');
    expect(broken?.readAgain?.()).to.deep.include({ env: { A: '1' } });
  });

  it('is told from a module by its extension', () => {
    for (const name of ['servers.json', 'servers.jsonc', 'SERVERS.JSON']) {
      expect(serve(name, { mcpServers: { a: { command: 'a' } } }).single, name).to.equal(false);
    }
  });

  it('may begin with a byte order mark', () => {
    expect(serve('.mcp.json', '\uFEFF{"mcpServers": {"a": {"command": "a"}}}').servers).to.have.length(1);
  });

  it('is refused with the position where it is not JSON', () => {
    expect(sentenceOf(() => serve('.mcp.json', '{\n  // a comment\n  "mcpServers": {,}\n}'))).to.match(
      /\.mcp\.json is not JSON: unexpected "," at line 3, column 18\.$/,
    );
  });

  it('is refused where it has no servers', () => {
    for (const content of [{}, { servers: undefined }, [], null, 5]) {
      expect(sentenceOf(() => serve('package.json', content))).to.match(
        /^The client's file .*package\.json must have "mcpServers"/,
      );
    }
  });

  it('is refused where it is our own config file', () => {
    expect(sentenceOf(() => serve('bulkhead.json', { port: 1, servers: { a: { command: 'a' } } }))).to.match(
      /bulkhead\.json has "port", so it is a config file, not a client's file: use --config bulkhead\.json\.$/,
    );
  });
});
