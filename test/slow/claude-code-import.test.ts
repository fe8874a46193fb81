/**
 * The real Claude Code before an import, after it and after its undoing: it has the same servers by the same names.
 * `CLAUDE_CODE_VERSION` (2.1.332): the version from npm, or `latest`.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { installedClaudeCode } from '../support/claude-code.js';
import { runCli } from '../support/cli-process.js';
import { ClientFiles } from '../support/client-files.js';
import { RUN_MARKER } from '../support/left-behind.js';

const VERSION = process.env.CLAUDE_CODE_VERSION ?? '2.1.332';

describe('Claude Code whose servers are imported', function () {
  this.timeout('5m');
  const executable = installedClaudeCode(VERSION);

  it('has the same names in the same scopes, and takes the entries for what they are', async () => {
    const files = new ClientFiles();
    const home = { HOME: files.home, CLAUDE_CONFIG_DIR: files.home };
    const claude = async (...args: string[]): Promise<string> => {
      const { PATH, [RUN_MARKER]: run } = process.env;
      const env = { PATH, ...home, ...(run && { [RUN_MARKER]: run }) };
      const { stdout } = await promisify(execFile)(executable(), ['mcp', ...args], {
        cwd: files.project,
        env,
      });
      return stdout;
    };
    const names = async (): Promise<string[]> => {
      const listed = await claude('list');
      return [...listed.matchAll(/^([\w-]+): /gm)].map(([, name]) => name!).sort();
    };
    for (const scope of ['user', 'local', 'project']) {
      const command = [process.execPath, '-e', 'process.exit()', scope];
      await claude('add', '--scope', scope, `of-${scope}`, '--', ...command);
    }
    const before = await names();
    expect(before).to.deep.equal(['of-local', 'of-project', 'of-user']);
    const project = files.read('project/.mcp.json');

    const env = { ...home, XDG_CONFIG_HOME: files.path('none'), CODEX_HOME: files.path('none') };
    const imported = await runCli(['import', '--client', 'claude-code', '--write'], {
      cwd: files.project,
      env,
    });
    expect(imported).to.include({ code: 0 });
    expect(await names()).to.deep.equal(before);
    for (const scope of ['user', 'local', 'project']) {
      const details = await claude('get', `of-${scope}`);
      expect(details)
        .to.match(/Type: http/)
        .and.include(`URL: http://127.0.0.1:3000/of-${scope}/mcp`);
      expect(details.toLowerCase()).to.include(`scope: ${scope}`);
    }

    const undone = await runCli(['import', '--undo'], { cwd: files.project, env });
    expect(undone).to.include({ code: 0 });
    expect(await names()).to.deep.equal(before);
    expect(files.read('project/.mcp.json')).to.equal(project);
    expect(await claude('get', 'of-user')).to.match(/Type: stdio/);
  });
});
