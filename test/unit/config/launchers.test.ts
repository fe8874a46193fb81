import { expect } from 'chai';
import { downloadsFirst, startedBy } from '../../../src/config/servers/launchers.js';
import { isServerName, serverNameOf } from '../../../src/config/servers/server-name.js';

function words(line: string): [command: string, args: string[]] {
  const [command = '', ...args] = line.split(' ');
  return [command, args];
}

describe('The name of a command', () => {
  const names: Record<string, string> = {
    'npx -y @modelcontextprotocol/server-memory': 'server-memory',
    'npx -y @upstash/context7-mcp@1.0.0 --api-key k': 'context7-mcp',
    'npx.cmd server': 'server',
    'npx -y -p @scope/package command': 'command',
    'npm exec -- some-server': 'some-server',
    'pnpm dlx some-server@latest': 'some-server',
    'bunx some-server': 'some-server',
    'uvx mcp-server-git --repository .': 'mcp-server-git',
    'uvx mcp-server-git==2025.1.1': 'mcp-server-git',
    'uvx --from git+https://example.com/a.git a-server': 'a-server',
    'uv --directory /srv/weather run weather.py': 'weather',
    'uv tool run mcp-server-time': 'mcp-server-time',
    'node --import tsx dist/my-server.js --flag': 'my-server',
    'node node_modules/@modelcontextprotocol/server-memory/dist/index.js': 'server-memory',
    'node /srv/a/node_modules/b/node_modules/weather/bin.js /srv/data/': 'weather',
    'node C:\\tools\\node_modules\\weather\\dist\\index.js': 'weather',
    'node node_modules/weather.js': 'weather',
    'python3 -m weather_server': 'weather_server',
    '/usr/bin/python3 server.py': 'server',
    'docker run -i --rm -e KEY mcp/github': 'docker',
    './bin/my-server --root .': 'my-server',
    'C:\\tools\\server.exe': 'server',
    npx: 'npx',
    'node --version': 'node',
  };
  for (const [line, name] of Object.entries(names)) {
    it(`${line} is ${name}`, () => expect(startedBy(...words(line))).to.equal(name));
  }
});

describe('A command may have to download what it starts', () => {
  for (const line of [
    'npx -y a',
    '/usr/local/bin/npx a',
    'uvx a',
    'bunx a',
    'pnpm dlx a',
    'pnpm --silent dlx a',
    'yarn dlx a',
    'npm exec a',
    'uv --directory . run a.py',
    'uv tool run a',
    'docker run a',
    'podman run a',
  ]) {
    it(line, () => expect(downloadsFirst(...words(line))).to.equal(true));
  }
});

describe('A command that starts what is there', () => {
  for (const line of ['node a.js', 'python3 a.py', 'pnpm run a', 'npm run dlx', './npx-like a', 'yarn a']) {
    it(line, () => expect(downloadsFirst(...words(line))).to.equal(false));
  }
});

describe('The name of a server', () => {
  it('is made of the words of any text', () => {
    const names = ['my tools.v2', '@scope/server', '--', '', 'mcp', 'x'.repeat(99), 'größe'].map(
      serverNameOf,
    );
    expect(names.slice(0, 5)).to.deep.equal([
      'my-tools-v2',
      'scope-server',
      'server',
      'server',
      'mcp-server',
    ]);
    for (const name of names) expect(isServerName(name), name).to.equal(true);
  });
});
