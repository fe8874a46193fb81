/** Named tokens, from the command that makes one to the line that is deleted. */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { digestOf } from '../../src/auth/bearer.js';
import { createGateway } from '../../src/index.js';
import { afterThisTest } from '../support/cleanup.js';
import { runCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import { type Gateway, startGateway, withDefaults } from '../support/gateway.js';
import { initializeRequest, RawClient } from '../support/raw-client.js';
import { temporaryFolder } from '../support/temporary-folder.js';

async function statusOf(gateway: Gateway, token: string): Promise<number> {
  const client = new RawClient(gateway.url, { headers: { authorization: `Bearer ${token}` } });
  afterThisTest(() => client.destroy());
  const response = await client.post(initializeRequest(1));
  await response.text();
  return response.status;
}

/** As an editor or a deployment does it: another file takes its place. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

describe('bulkhead token create', () => {
  it('prints a token once, which a gateway takes at once, and no longer once its line is deleted', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'tokens.txt');
    const made = await runCli(['token', 'create', 'ci', '--scopes', 'read,write', '--expires', '90d'], {
      cwd: folder,
    });
    expect(made.code, made.stderr).to.equal(0);
    const token = made.stdout.trim();
    expect(token).to.match(/^bulkhead_[\w-]{43}$/);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    const line = readFileSync(path, 'utf8');
    expect(line).not.to.include(token);
    expect(line).to.match(
      new RegExp(`^ci ${digestOf(token).toString('hex')} read,write \\d{4}-\\d\\d-\\d\\dT`),
    );

    const gateway = await startGateway({ tokensFile: path });
    expect(await statusOf(gateway, token)).to.equal(200);
    const [session] = gateway.sessions();
    expect(session?.context.identity).to.deep.include({
      kind: 'token',
      subject: 'ci',
      scopes: ['read', 'write'],
    });
    expect(JSON.stringify(gateway.sessions())).not.to.include(token);

    const second = await runCli(['token', 'create', 'ada', '--file', path]);
    expect(second.code, second.stderr).to.equal(0);
    await until(
      async () => (await statusOf(gateway, second.stdout.trim())) === 200,
      'the new token to be known',
    );
    expect(await statusOf(gateway, token)).to.equal(200);

    replace(path, readFileSync(path, 'utf8').replace(/^ci .*\n/, ''));
    await until(async () => (await statusOf(gateway, token)) === 401, 'the deleted token to be revoked');
    expect(await statusOf(gateway, second.stdout.trim())).to.equal(200);
  });

  for (const [what, args, says] of [
    ['a wrong name', ['../ci'], /The name is "\.\.\/ci"/],
    ['a wrong scope', ['ci', '--scopes', 'a"b'], /--scopes is/],
    ['a wrong expiry', ['ci', '--expires', 'soon'], /--expires is "soon"/],
    ['a past expiry', ['ci', '--expires', '2020-01-01'], /--expires is "2020-01-01"/],
    ['a file in a missing folder', ['ci', '--file', 'nope/tokens.txt'], /cannot be changed/],
  ] as const)
    it(`refuses ${what}, and prints no token`, async () => {
      const { code, stdout, stderr } = await runCli(['token', 'create', ...args], { cwd: temporaryFolder() });
      expect(code).to.be.oneOf([1, 2]);
      expect(stderr).to.match(says);
      expect(stdout).to.equal('');
    });

  it('refuses a name that is taken', async () => {
    const folder = temporaryFolder();
    await runCli(['token', 'create', 'ci'], { cwd: folder });
    const { code, stderr } = await runCli(['token', 'create', 'ci'], { cwd: folder });
    expect(code).to.equal(2);
    expect(stderr).to.include('already has a token named ci');
  });
});

describe('tokens-file', () => {
  const digest = digestOf('secret').toString('hex');

  it('with a line that cannot be read stops the start, and names the line but not what is in it', async () => {
    const path = join(temporaryFolder(), 'tokens.txt');
    writeFileSync(path, `ci ${digest}\nada the-token-itself\n`);
    const refused = await createGateway(withDefaults({ tokensFile: path })).then(
      () => undefined,
      (error: Error) => error,
    );
    expect(refused?.message).to.include('line 2').and.not.to.include('the-token-itself');
  });

  it('that gets such a line later loses that line alone, and one that is missing changes nothing', async () => {
    const path = join(temporaryFolder(), 'tokens.txt');
    writeFileSync(path, `ci ${digest}\n`);
    const lines: string[] = [];
    const note = (_fields: object, message: string): void => void lines.push(message);
    const gateway = await startGateway({
      tokensFile: path,
      logger: { debug: note, info: note, warn: note, error: note },
    });
    renameSync(path, `${path}.away`);
    await until(
      () => lines.some((line) => line.includes('cannot be read')),
      'the missing file to be reported',
    );
    expect(await statusOf(gateway, 'secret')).to.equal(200);
    replace(path, `ci nonsense\nada ${digestOf('other').toString('hex')}\n`);
    await until(async () => (await statusOf(gateway, 'other')) === 200, 'the new token to be known');
    expect(await statusOf(gateway, 'secret')).to.equal(401);
    expect(lines.join('\n')).to.include('line 1').and.not.to.include('nonsense');
  });
});
