import { expect } from 'chai';
import { announcement } from '../../../src/cli/output/announcement.js';
import type { ServerSnapshot } from '../../../src/telemetry/snapshot.js';

type Options = Parameters<typeof announcement>[1];

function server(name: string, more: Partial<ServerSnapshot> = {}): ServerSnapshot {
  return {
    name,
    kind: 'module',
    isolation: 'thread',
    state: 'served',
    sessions: 0,
    version: 1,
    loadedAtMs: 0,
    serverInfo: undefined,
    outdatedWorkers: 0,
    reason: undefined,
    ...more,
  };
}

function announced(
  servers: ServerSnapshot[],
  { host = '127.0.0.1', module = false, token = '', more = {} as Partial<Options> } = {},
) {
  const gateway = {
    url: new URL(`http://${host}:3000/mcp`),
    adminUrl: new URL('http://127.0.0.1:9464/'),
    servers: () => servers,
  };
  const options: Options = {
    tokensFile: undefined,
    authIssuer: undefined,
    publicUrl: undefined,
    token: token === '' ? undefined : token,
    serverModule: module ? 'file:///home/ada/server.mjs' : undefined,
    ...more,
  };
  return announcement(gateway, options).split('\n');
}

const called = (name: string) => ({ serverInfo: { name, version: '1.0.0' } });

describe('What bulkhead serve prints when it listens', () => {
  it('has the addresses, and the line for Claude Code', () => {
    expect(announced([server('greeter')])).to.deep.equal([
      'MCP server     http://127.0.0.1:3000/mcp',
      'Admin server   http://127.0.0.1:9464/',
      'Connect Claude Code:',
      '  claude mcp add --transport http greeter http://127.0.0.1:3000/mcp',
      '',
    ]);
  });

  it('calls a single module as it calls itself, in letters that Claude Code takes', () => {
    const nameIn = (name: string) =>
      announced([server('server', called(name))], { module: true })[3]?.split(' ')[7];
    expect(nameIn('hello')).to.equal('hello');
    expect(nameIn('My tools, v2 (beta)')).to.equal('My-tools-v2-beta');
    expect(nameIn('$(reboot)')).to.equal('reboot');
    expect(nameIn('x'.repeat(100))).to.equal('x'.repeat(64));
    expect(nameIn('\u65e5\u672c')).to.equal('server');
    expect(announced([server('server')], { module: true })[3]).to.include(' server http');
  });

  it('calls the servers of a list as the list does', () => {
    const [first, second, , , one, other] = announced([server('a', called('x')), server('b', called('y'))]);
    expect(first).to.equal('MCP servers    http://127.0.0.1:3000/a/mcp');
    expect(second).to.equal('               http://127.0.0.1:3000/b/mcp');
    expect(one).to.equal('  claude mcp add --transport http a http://127.0.0.1:3000/a/mcp');
    expect(other).to.equal('  claude mcp add --transport http b http://127.0.0.1:3000/b/mcp');
  });

  it('says why a server is not served, and connects nothing to it', () => {
    const lines = announced([server('a', { state: 'broken', reason: 'it threw \u001b[2J' })]);
    expect(lines).to.deep.equal([
      'MCP server     http://127.0.0.1:3000/mcp   cannot be served: it threw \\u001b[2J',
      'Admin server   http://127.0.0.1:9464/',
      '',
    ]);
  });

  it('names an address that can be reached, and the variable of the token', () => {
    const line = announced([server('a')], { host: '0.0.0.0', token: 'hush' })[3];
    expect(line).to.equal(
      '  claude mcp add --transport http a http://127.0.0.1:3000/mcp --header "Authorization: Bearer $BULKHEAD_TOKEN"',
    );
    expect(announced([server('a')], { host: '[::]' })[3]).to.include('http://[::1]:3000/mcp');
  });

  it('names the public address, and a header only for those who do not sign in', () => {
    const publicUrl = new URL('https://mcp.example/tools/');
    const commandWith = (more: Partial<Options>) => announced([server('a')], { more })[3]?.trim();
    const added = 'claude mcp add --transport http a';
    expect(
      commandWith({ publicUrl, authIssuer: ['https://idp.example'], tokensFile: 'tokens.txt' }),
    ).to.equal(`${added} https://mcp.example/tools/mcp`);
    expect(commandWith({ tokensFile: 'tokens.txt' })).to.equal(
      `${added} http://127.0.0.1:3000/mcp --header "Authorization: Bearer <token>"`,
    );
  });
});
