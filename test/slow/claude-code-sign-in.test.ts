/**
 * The real Claude Code and gateways that ask who it is, as far as it goes without an account and without a person.
 * `CLAUDE_CODE_VERSION` (2.1.332): the version from npm, or `latest`.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { sharedAuthorizationServer } from '../support/authorization-server.js';
import { installedClaudeCode } from '../support/claude-code.js';
import { startGateway } from '../support/gateway.js';
import { RUN_MARKER } from '../support/left-behind.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const VERSION = process.env.CLAUDE_CODE_VERSION ?? '2.1.332';

describe('Claude Code that has to say who it is', function () {
  this.timeout('5m');
  const executable = installedClaudeCode(VERSION);
  const server = sharedAuthorizationServer();

  /** `claude mcp …` with an empty home. */
  function claudeIn(home: string): (...args: string[]) => Promise<string> {
    return async (...args) => {
      const { PATH, [RUN_MARKER]: run } = process.env;
      const env = { PATH, HOME: home, ...(run && { [RUN_MARKER]: run }) };
      const { stdout } = await promisify(execFile)(executable(), ['mcp', ...args], { cwd: home, env });
      return stdout;
    };
  }

  it('connects with a header, and says so where the token is wrong', async () => {
    const gateway = await startGateway({ token: 'right' });
    const claude = claudeIn(temporaryFolder());
    const add = (name: string, token: string) =>
      claude(
        'add',
        '--transport',
        'http',
        name,
        gateway.url.href,
        '--header',
        `Authorization: Bearer ${token}`,
      );
    await add('known', 'right');
    await add('unknown', 'wrong');
    const listed = await claude('list');
    expect(listed).to.match(/^known: .*Connected/m);
    expect(listed).to.match(/^unknown: (?!.*Connected)/m);
    expect(gateway.sessions().every(({ context }) => context.identity.subject === 'token')).to.equal(true);
  });

  it('finds out that it has to sign in at the authorization server, and lets nobody in before', async () => {
    const gateway = await startGateway({ authIssuer: [server().issuer], authScopes: ['read'] });
    const refused: (string | undefined)[] = [];
    gateway.events.on('rejected', ({ reason }) => void refused.push(reason));
    const claude = claudeIn(temporaryFolder());
    await claude('add', '--transport', 'http', 'notes', gateway.url.href);
    expect(await claude('list')).to.match(/^notes: .*[Nn]eeds authentication/m);
    expect(refused).to.include('unauthorized');
    expect(gateway.sessions()).to.have.length(0);
  });
});
