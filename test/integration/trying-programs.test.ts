/** `bulkhead list`, `call`, `read` and `prompt` with programs: after `--`, and by their names in a client's file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCliHere } from '../support/cli-in-process.js';
import { runCli } from '../support/cli-process.js';
import { fixtureProgram } from '../support/programs.js';

const LIBRARY = fixtureProgram('library.mjs');
const [BOOK, REVIEW] = ['book://1', 'review'];

describe('A program that is run for one command', () => {
  let folder: string;
  let file: string;
  before('write the file of a client', () => {
    folder = mkdtempSync(join(tmpdir(), 'client-'));
    file = join(folder, '.mcp.json');
    const library = { command: process.execPath, args: [LIBRARY] };
    const missing = { command: join(folder, 'missing') };
    writeFileSync(file, JSON.stringify({ mcpServers: { missing, library } }));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('comes after --, and gets what is said before it', async () => {
    const command = ['--', process.execPath, LIBRARY];
    const called = await runCli(['call', 'lend', '--arg', 'pages=4', ...command]);
    expect(called).to.deep.include({ code: 0, stdout: '5 pages\n' });
    const read = await runCli(['read', BOOK, ...command]);
    expect(read).to.deep.include({ code: 0, stdout: 'Chapter 1\n' });
  });

  it('is one of the servers of a file, by its name', async () => {
    const run = (command: string, ...rest: string[]) =>
      runCli([command, file, '--server', 'library', ...rest]);
    const { stdout } = await run('list');
    expect(stdout).to.match(/^library 2\.0\.0, protocol /);
    expect(stdout).to.include('lend(pages)').and.include(BOOK).and.include(REVIEW);
    const prompted = await run('prompt', REVIEW, '--arg', 'title=Emma');
    expect(prompted).to.deep.include({ code: 0, stdout: 'user: Review Emma.\n' });
  });

  it('is asked for if the file has several', async () => {
    const exit = await runCliHere(['read', file, BOOK]);
    expect(exit.code).to.equal(2);
    expect(exit.stderr).to.equal(
      'bulkhead: There are several servers: choose one with --server: missing, library.\n',
    );
  });
});
