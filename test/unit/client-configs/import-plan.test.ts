/** Which entries move, what they become on both sides, and why others stay. */
import { symlinkSync } from 'node:fs';
import { expect } from 'chai';
import { resolveOptions } from '../../../src/config/options.js';
import { ClientFiles, refusals } from '../../support/client-files.js';

const MEMORY = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'] };
const origin = 'http://127.0.0.1:3000';

describe('import', () => {
  it('writes a file that the gateway reads', () => {
    files.write('.claude.json', { mcpServers: { memory: MEMORY } });
    files.write('project/.mcp.json', {
      mcpServers: { fs: { command: 'x', args: ['.', '${A:-b}'], env: { K: '${L}' } } },
    });
    files.import();
    const { catalogue } = resolveOptions({
      configFile: 'bulkhead.json',
      cwd: files.project,
      environment: { L: 'l' },
    });
    expect(catalogue.broken).to.deep.equal([]);
    expect(catalogue.servers.map(({ name }) => name)).to.deep.equal(['fs', 'memory']);
    expect(catalogue.servers[0]).to.deep.include({
      kind: 'command',
      isolation: 'process',
      args: ['.', 'b'],
      env: { K: 'l' },
      cwd: files.project,
      inheritEnv: ['A', 'L'],
    });
  });

  let files: ClientFiles;
  beforeEach(() => {
    files = new ClientFiles();
  });

  describe('of Claude Code', () => {
    it('finds all three scopes, and keeps name, timeout, alwaysLoad and unknown keys', () => {
      files.write('.claude.json', {
        mcpServers: {
          memory: { type: 'stdio', ...MEMORY, env: {}, timeout: 60000, alwaysLoad: true, own: [1] },
        },
        projects: {
          [files.project]: { mcpServers: { local: { command: 'uvx', args: ['a'] } }, history: [1] },
        },
        other: 1,
      });
      files.write('project/.mcp.json', { mcpServers: { shared: { command: 'uvx', args: ['b'] } } });
      const plan = files.import();
      expect(plan.moved.map(({ name, scope }) => `${name} ${scope}`)).to.have.members([
        'memory user',
        'local local',
        'shared project',
      ]);
      expect(files.json('.claude.json')).to.deep.equal({
        mcpServers: {
          memory: { type: 'http', url: `${origin}/memory/mcp`, timeout: 60000, alwaysLoad: true, own: [1] },
        },
        projects: {
          [files.project]: {
            mcpServers: { local: { type: 'http', url: `${origin}/local/mcp` } },
            history: [1],
          },
        },
        other: 1,
      });
      expect(files.json('project/.mcp.json')).to.deep.equal({
        mcpServers: { shared: { type: 'http', url: `${origin}/shared/mcp` } },
      });
      expect(files.json('project/bulkhead.json')).to.deep.equal({
        servers: {
          local: { command: 'uvx', args: ['a'], cwd: files.project },
          shared: { command: 'uvx', args: ['b'], cwd: files.project },
          memory: MEMORY,
        },
      });
    });

    it('looks where CLAUDE_CONFIG_DIR says, and in every folder above the current one', () => {
      files.write('elsewhere/.claude.json', { mcpServers: { memory: MEMORY } });
      files.write('.mcp.json', { mcpServers: { above: { command: 'uvx' } } });
      const plan = files.plan({ environment: { CLAUDE_CONFIG_DIR: files.path('elsewhere') } });
      expect(plan.moved.map(({ name }) => name)).to.have.members(['memory', 'above']);
      expect(plan.servers.above).to.deep.equal({ command: 'uvx', cwd: files.home });
    });

    it('keeps variables unexpanded, and inherits those that the entry relies on', () => {
      files.write('project/.mcp.json', {
        mcpServers: {
          fs: {
            command: '${BIN:-npx}',
            args: ['${ROOT}', '${CLAUDE_PROJECT_DIR:-.}/data', '${HOME}'],
            env: { KEY: '${KEY}', OTHER: '${FROM}' },
          },
        },
      });
      const plan = files.plan({ environment: { KEY: 'x', FROM: 'x' } });
      expect(plan.servers.fs).to.deep.equal({
        command: '${BIN:-npx}',
        args: ['${ROOT}', `${files.project}/data`, '${HOME}'],
        env: { KEY: '${KEY}', OTHER: '${FROM}' },
        cwd: files.project,
        inheritEnv: ['BIN', 'FROM', 'ROOT'],
      });
      expect(plan.warnings).to.deep.equal(['Not set here, and needed where the gateway starts: HOME, ROOT.']);
    });

    it('inherits what a container is given by name', () => {
      const args = ['run', '-i', '-e', 'GITHUB_TOKEN', '--env=LEVEL', '-e', 'A=1', 'image'];
      files.write('.claude.json', { mcpServers: { gh: { command: 'docker', args } } });
      expect(files.plan().servers.gh?.inheritEnv).to.deep.equal(['GITHUB_TOKEN', 'LEVEL']);
    });

    it('leaves what is relative to wherever the client runs', () => {
      files.write('.claude.json', {
        mcpServers: {
          here: { command: 'npx', args: ['server-filesystem', '.'] },
          up: { command: 'x', args: ['--root=../data'] },
          run: { command: './server' },
          folder: { command: 'x', args: ['${CLAUDE_PROJECT_DIR}'] },
          fine: { command: 'x', args: ['.hidden', '1.5', '-'] },
        },
      });
      const plan = files.plan();
      expect(plan.moved.map(({ name }) => name)).to.deep.equal(['fine']);
      expect(refusals(plan)[0]).to.equal(
        'here: "." is relative to the folder in which Claude Code was started, which the gateway does not know: configure the server in the project, or write an absolute path',
      );
      expect(plan.refused.map(({ name }) => name)).to.deep.equal(['here', 'up', 'run', 'folder']);
    });

    it('leaves out a cwd, which the client ignores, and says so', () => {
      files.write('.claude.json', { mcpServers: { memory: { ...MEMORY, cwd: '/srv' } } });
      const plan = files.plan();
      expect(plan.servers.memory).to.deep.equal(MEMORY);
      expect(plan.warnings).to.deep.equal([
        'memory (Claude Code, user scope): Claude Code ignores the entry\'s "cwd"; it is left out.',
      ]);
    });

    it('moves nothing that an administrator would refuse', () => {
      files.write('.claude.json', { mcpServers: { memory: MEMORY, time: { command: 'uvx' } } });
      files.write('managed/managed-settings.json', { deniedMcpServers: [{ serverUrl: 'http://*/time/*' }] });
      files.write('managed/managed-settings.d/50.json', {
        allowedMcpServers: [{ serverCommand: ['uvx'] }, { serverUrl: 'http://127.0.0.1:*' }],
      });
      expect(refusals(files.plan())).to.deep.equal([
        `time: the administrator's settings deny ${origin}/time/mcp (deniedMcpServers)`,
      ]);
      files.write('managed/managed-settings.d/50.json', { allowedMcpServers: [{ serverName: 'time' }] });
      expect(refusals(files.plan())).to.deep.equal([
        `memory: the administrator's settings do not allow ${origin}/memory/mcp (allowedMcpServers)`,
        `time: the administrator's settings deny ${origin}/time/mcp (deniedMcpServers)`,
      ]);
      files.write('managed/managed-mcp.json', {});
      expect(refusals(files.plan())[0]).to.match(
        /managed-mcp\.json alone says which servers Claude Code has/,
      );
    });

    it("warns of administrator's settings that it can't read", () => {
      files.write('.claude.json', { mcpServers: { memory: MEMORY } });
      files.write('managed/managed-settings.json', '{');
      expect(files.plan().warnings).to.deep.equal([
        `${files.path('managed/managed-settings.json')} cannot be read: whether the administrator allows these servers over HTTP is not known.`,
      ]);
    });
  });

  describe('of other clients', () => {
    it('gives each the properties that its documentation has', () => {
      const mcpServers = { memory: MEMORY };
      files.write('.cursor/mcp.json', { mcpServers });
      files.write('.codeium/windsurf/mcp_config.json', { mcpServers });
      files.write('.gemini/settings.json', {
        theme: 'x',
        mcpServers: { memory: { ...MEMORY, trust: true } },
      });
      files.write('.kiro/settings/mcp.json', { mcpServers });
      files.write('.config/Code/User/mcp.json', { servers: mcpServers });
      files.write('.config/Code/User/profiles/-1/mcp.json', { servers: mcpServers });
      files.write('.config/Claude/claude_desktop_config.json', { mcpServers });
      const plan = files.import();
      const url = `${origin}/memory/mcp`;
      expect(Object.keys(plan.servers)).to.deep.equal(['memory']);
      expect(files.json('.cursor/mcp.json').mcpServers).to.deep.equal({ memory: { url } });
      expect(files.json('.codeium/windsurf/mcp_config.json').mcpServers).to.deep.equal({
        memory: { serverUrl: url },
      });
      expect(files.json('.gemini/settings.json')).to.deep.equal({
        theme: 'x',
        mcpServers: { memory: { httpUrl: url, trust: true } },
      });
      expect(files.json('.kiro/settings/mcp.json').mcpServers).to.deep.equal({ memory: { url } });
      for (const profile of ['', 'profiles/-1/']) {
        expect(files.json(`.config/Code/User/${profile}mcp.json`).servers).to.deep.equal({
          memory: { type: 'http', url },
        });
      }
      expect(files.json('.config/Claude/claude_desktop_config.json').mcpServers).to.deep.equal({
        memory: { command: '/usr/bin/node', args: ['/opt/bulkhead.cjs', 'bridge', url] },
      });
      expect(refusals(files.plan())).to.have.members(Array(7).fill('memory: it is moved already'));
    });

    it('writes what only an editor knows, and leaves what it asks for', () => {
      files.write(
        'project/.vscode/mcp.json',
        `{
          // of the workspace
          "inputs": [{ "id": "key", "type": "promptString", "password": true }],
          "servers": {
            "git": { "command": "uvx", "args": ["git", "\${workspaceFolder}", "\${userHome}/x"], "env": { "A": "\${env:GIT_TOKEN}", "N": 1, "GONE": null } },
            "ask": { "command": "x", "env": { "KEY": "\${input:key}" } },
            "own": { "command": "x", "env": { "KEY": "\${secret:KEY}" } },
            "file": { "command": "x", "envFile": ".env" },
            "box": { "command": "x", "sandboxEnabled": true },
            "run": { "command": "\${command:pick}" },
            "in": { "command": "x", "cwd": "\${workspaceFolder}/sub" },
          }
        }`,
      );
      const plan = files.plan({ environment: { GIT_TOKEN: 'x' } });
      expect(plan.servers).to.deep.equal({
        git: {
          command: 'uvx',
          args: ['git', files.project, `${files.home}/x`],
          env: { A: '${GIT_TOKEN}', N: '1' },
          cwd: files.project,
          inheritEnv: ['GIT_TOKEN'],
        },
        in: { command: 'x', cwd: `${files.project}/sub` },
      });
      expect(refusals(plan).map((reason) => reason.slice(0, 40))).to.deep.equal([
        'ask: ${input:key} is a value that the ed',
        'own: ${secret:KEY} has no meaning for th',
        'file: its variables come from a file ("e',
        'box: the editor runs it in a sandbox ("s',
        'run: ${command:pick} is a variable that ',
      ]);
    });

    it('writes the variables of Gemini CLI as the gateway does', () => {
      files.write('.gemini/settings.json', {
        mcpServers: { a: { command: 'x', args: ['$A', '${B}'], cwd: '/srv' } },
      });
      expect(files.plan().servers.a).to.deep.equal({
        command: 'x',
        args: ['${A}', '${B}'],
        cwd: '/srv',
        inheritEnv: ['A', 'B'],
      });
    });

    it('expands what each of them expands, and no more', () => {
      files.write('.kiro/settings/mcp.json', { mcpServers: { a: { command: 'x', args: ['$A', '${B}'] } } });
      files.write('.cursor/mcp.json', { mcpServers: { b: { command: 'x', args: ['$A', '${env:B}'] } } });
      const { a, b } = files.plan().servers;
      expect(a).to.deep.equal({ command: 'x', args: ['$A', '${B}'], inheritEnv: ['B'] });
      expect(b).to.deep.equal(a);
    });

    it('says who has to write the token by hand', () => {
      files.write('.config/Claude/claude_desktop_config.json', { mcpServers: { memory: MEMORY } });
      expect(files.plan({ environment: { BULKHEAD_TOKEN: 'hush' } }).warnings).to.deep.equal([
        'memory (Claude Desktop, user scope): the gateway asks for a token, which Claude Desktop has to give to the bridge: add "env": {"BULKHEAD_TOKEN": "..."} to the entry.',
      ]);
    });

    it('warns where text becomes a variable', () => {
      files.write('.config/Claude/claude_desktop_config.json', {
        mcpServers: { a: { command: 'x', args: ['${A}'] } },
      });
      expect(files.plan().warnings).to.deep.equal([
        "a (Claude Desktop, user scope): ${A} is text to Claude Desktop; the gateway puts the variable's value there where it is set.",
      ]);
    });

    it('edits a file once that two clients share', () => {
      files.write('.cursor/mcp.json', { mcpServers: { memory: MEMORY } });
      files.write('.kiro/settings/x', '');
      symlinkSync(files.path('.cursor/mcp.json'), files.path('.kiro/settings/mcp.json'));
      const plan = files.plan();
      expect(plan.moved.map(({ client }) => client.name)).to.deep.equal(['cursor']);
      expect(plan.warnings[0]).to.match(/of Kiro is the same file as one of Cursor/);
    });
  });

  it('names the token of the gateway, as each client writes variables', () => {
    files.write('project/bulkhead.json', { token: 'hush', port: 4000 });
    for (const file of ['.claude.json', '.cursor/mcp.json', '.kiro/settings/mcp.json']) {
      files.write(file, { mcpServers: { memory: MEMORY } });
    }
    files.import();
    const url = 'http://127.0.0.1:4000/memory/mcp';
    const headers = (variable: string) => ({ headers: { Authorization: `Bearer ${variable}` } });
    expect(files.json('.claude.json').mcpServers).to.deep.equal({
      memory: { type: 'http', url, ...headers('${BULKHEAD_TOKEN}') },
    });
    expect(files.json('.cursor/mcp.json').mcpServers).to.deep.equal({
      memory: { url, ...headers('${env:BULKHEAD_TOKEN}') },
    });
    expect(files.json('.kiro/settings/mcp.json').mcpServers).to.deep.equal({
      memory: { url, ...headers('${BULKHEAD_TOKEN}') },
    });
  });

  describe('leaves with a reason', () => {
    it('what is no command', () => {
      files.write('.claude.json', {
        mcpServers: {
          http: { type: 'http', url: 'https://example.com/mcp' },
          bare: { url: 'https://example.com/mcp' },
          odd: { type: 'carrier-pigeon', command: 'x' },
          both: { command: 'x', url: 'https://example.com/mcp' },
          none: {},
          text: 'npx',
          args: { command: 'x', args: 'y' },
          env: { command: 'x', env: ['A=1'] },
        },
      });
      expect(refusals(files.plan())).to.deep.equal([
        'http: it is remote already (http)',
        'bare: it is remote already',
        'odd: its type "carrier-pigeon" is not known',
        'both: it has both a command and a url',
        'none: it has no "command"',
        'text: it is not an object',
        'args: its "args" are not an array of strings',
        'env: its "env" is not an object of strings',
      ]);
    });

    it('a key that the file has twice', () => {
      files.write('.claude.json', '{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}');
      expect(refusals(files.plan())).to.deep.equal(['a: the file has it twice: keep one of them']);
    });

    it('different entries of one name, until one is chosen', () => {
      files.write('.claude.json', { mcpServers: { memory: { command: 'other' } } });
      files.write('.cursor/mcp.json', { mcpServers: { memory: MEMORY } });
      expect(refusals(files.plan())).to.deep.equal(
        Array(2).fill(
          'memory: entries of this name differ: Claude Code (user scope), Cursor (user scope). Rename all but one, or choose one with --client and --scope',
        ),
      );
      expect(files.import({ clients: ['cursor'] }).servers).to.deep.equal({ memory: MEMORY });
      expect(refusals(files.plan({ clients: ['claude-code'] }))).to.deep.equal([
        `memory: ${files.path('project/bulkhead.json')} has another server "memory": rename one of the two`,
      ]);
    });
  });

  it('makes one server of the same entry in several places, with the folder that one of them has', () => {
    files.write('.claude.json', { mcpServers: { memory: { type: 'stdio', ...MEMORY, env: {} } } });
    files.write('project/.mcp.json', { mcpServers: { memory: MEMORY } });
    files.write('.cursor/mcp.json', { mcpServers: { memory: MEMORY } });
    const plan = files.plan();
    expect(plan.moved).to.have.length(3);
    expect(plan.servers).to.deep.equal({ memory: { ...MEMORY, cwd: files.project } });
  });

  it('uses a server that the gateway has already, and leaves how it is served', () => {
    const own = { servers: { memory: { ...MEMORY, spares: 1 } } };
    files.write('project/bulkhead.json', own);
    files.write('.cursor/mcp.json', { mcpServers: { memory: MEMORY } });
    expect(files.import().moved).to.have.length(1);
    expect(files.json('project/bulkhead.json')).to.deep.equal(own);
  });

  it('keeps a name in the client that the gateway has to write otherwise', () => {
    const other = { command: 'uvx' };
    files.write('.cursor/mcp.json', { mcpServers: { 'my server/2': MEMORY, mcp: other } });
    files.import();
    expect(files.json('.cursor/mcp.json').mcpServers).to.deep.equal({
      'my server/2': { url: `${origin}/my-server-2/mcp` },
      mcp: { url: `${origin}/mcp-server/mcp` },
    });
  });

  it('reports a broken file, and moves what the others have', () => {
    files.write('.claude.json', '{"mcpServers": {');
    files.write('.codeium/mcp_config.json', '');
    files.write('.gemini/settings.json', '[]');
    files.write('.kiro/settings/mcp.json', Buffer.from([0x7b, 0xff, 0x7d]));
    files.write('.cursor/mcp.json', { mcpServers: { memory: MEMORY } });
    const plan = files.plan();
    expect(plan.moved.map(({ client }) => client.name)).to.deep.equal(['cursor']);
    expect(plan.problems).to.deep.equal([
      `${files.path('.claude.json')} is not JSON: the text ends too early at line 1, column 17. It is left as it is.`,
      `${files.path('.gemini/settings.json')} does not hold a JSON object. It is left as it is.`,
      `${files.path('.kiro/settings/mcp.json')} is not text in UTF-8. It is left as it is.`,
    ]);
  });
});
