/** All files are changed, or none; and the way back. */
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { expect } from 'chai';
import { readRecord, recordPath } from '../../../src/client-configs/import-record.js';
import { performImport, performUndo } from '../../../src/client-configs/perform-import.js';
import { planUndo, type UndoPlan } from '../../../src/client-configs/undo-plan.js';
import { WriteFilesError, writeFiles } from '../../../src/client-configs/write-files.js';
import { ClientFiles, refusals } from '../../support/client-files.js';

const MEMORY = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'] };
const isRoot = process.geteuid?.() === 0;

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

/** Undoes every import, and says what was planned. */
function undo(files: ClientFiles): UndoPlan {
  const gatewayFile = files.path('project/bulkhead.json');
  const plan = planUndo(readRecord(recordPath(gatewayFile))!.record.files, process.geteuid?.());
  performUndo(plan, gatewayFile);
  return plan;
}

describe('an import that is written', () => {
  let files: ClientFiles;
  beforeEach(() => {
    files = new ClientFiles();
  });

  it('keeps a backup beside each file, which only its owner reads, and the mode of the file', () => {
    const text = '{"mcpServers": {"memory": {"command": "npx"}}}\n';
    chmodSync(files.write('.claude.json', text), 0o640);
    const own = '{"port": 4000}';
    files.write('project/bulkhead.json', own);
    files.import();
    expect(mode(files.path('.claude.json'))).to.equal('640');
    expect(files.read('.claude.json.bulkhead-backup')).to.equal(text);
    expect(mode(files.path('.claude.json.bulkhead-backup'))).to.equal('600');
    expect(files.read('project/bulkhead.json.bulkhead-backup')).to.equal(own);
    expect(mode(files.path('project/bulkhead.json.import-record'))).to.equal('600');
  });

  it("gives the gateway's file the mode 0600 where it holds a secret, and only there", () => {
    files.write('.claude.json', { mcpServers: { a: { command: 'x', env: { A_KEY: '${A_KEY}' } } } });
    files.import();
    expect(mode(files.path('project/bulkhead.json'))).to.equal((0o666 & ~process.umask()).toString(8));
    files.write('.cursor/mcp.json', {
      mcpServers: { b: { command: 'x', args: ['--api-key', 'abc-def-ghi'] } },
    });
    const plan = files.import();
    expect(plan.secrets).to.deep.equal(['abc-def-ghi']);
    expect(mode(files.path('project/bulkhead.json'))).to.equal('600');
  });

  it('edits what a symbolic link leads to, and leaves the link', () => {
    const target = files.write('dotfiles/claude.json', { mcpServers: { memory: MEMORY } });
    symlinkSync(target, files.path('.claude.json'));
    files.import();
    expect(lstatSync(files.path('.claude.json')).isSymbolicLink()).to.equal(true);
    expect(files.json('dotfiles/claude.json').mcpServers).to.have.nested.property('memory.type', 'http');
    expect(files.has('dotfiles/claude.json.bulkhead-backup')).to.equal(true);
    undo(files);
    expect(lstatSync(files.path('.claude.json')).isSymbolicLink()).to.equal(true);
    expect(files.json('dotfiles/claude.json')).to.deep.equal({ mcpServers: { memory: MEMORY } });
  });

  it('changes nothing when a file was changed since it was read', () => {
    files.write('.claude.json', { mcpServers: { memory: MEMORY } });
    files.write('.cursor/mcp.json', { mcpServers: { memory: MEMORY } });
    const plan = files.plan();
    const gateway = files.gateway();
    const changed = files.write('.cursor/mcp.json', { mcpServers: { memory: MEMORY }, other: 1 });
    expect(() => performImport(plan, gateway)).to.throw(
      WriteFilesError,
      `${changed} was changed since it was read. Nothing is changed; run the command again.`,
    );
    expect(files.json('.claude.json')).to.deep.equal({ mcpServers: { memory: MEMORY } });
    expect(files.has('project/bulkhead.json')).to.equal(false);
    expect(readdirSync(files.home).filter((name) => name.includes('bulkhead-'))).to.deep.equal([]);
  });

  it('leaves a file that belongs to another user', function () {
    if (!isRoot) this.skip();
    const path = files.write('.claude.json', { mcpServers: { memory: MEMORY } });
    chownSync(path, 12_345, -1);
    expect(refusals(files.plan())).to.deep.equal([
      `memory: ${path} belongs to another user (12345): run import as that user`,
    ]);
  });

  it('leaves a file that has another name', () => {
    const path = files.write('.claude.json', { mcpServers: { memory: MEMORY } });
    linkSync(path, files.path('other'));
    expect(refusals(files.plan())).to.deep.equal([
      `memory: ${path} has 2 names (hard links), which an edit would part`,
    ]);
  });
});

describe('files that are written together', () => {
  it("are all as they were when the last can't be put in its place", () => {
    const files = new ClientFiles();
    const one = files.write('one', 'old');
    const change = (path: string, before: string | undefined) => ({
      path,
      before: before === undefined ? undefined : Buffer.from(before),
      after: Buffer.from('new'),
      mode: 0o600,
    });
    chmodSync(one, 0o644);
    const changes = [
      { ...change(one, 'old'), modeBefore: 0o644, backup: `${one}.backup` },
      change(files.path('made'), undefined),
      // What is not there can't be removed: the first thing that fails once others are in their places.
      { ...change(files.path('gone'), undefined), after: undefined },
    ];
    expect(() => writeFiles(changes)).to.throw(WriteFilesError, /ENOENT.*Everything is as it was\.$/);
    expect(files.read('one')).to.equal('old');
    expect(mode(one)).to.equal('644');
    expect(readdirSync(files.home).sort()).to.deep.equal(['one', 'project']);
  });
});

describe('undoing an import', () => {
  const spelled = '{ "mcpServers": {"memory":{"command":"npx", "args":["a"]}} , "n": 1.0 } // mine\n';
  let files: ClientFiles;
  beforeEach(() => {
    files = new ClientFiles();
    files.write('.claude.json', spelled);
  });

  it('brings files back to the byte, and leaves no backup and no record', () => {
    const cursor = '\uFEFF{"mcpServers":{\r\n"fs":{"command":"x"}}}';
    files.write('.cursor/mcp.json', cursor);
    files.import();
    const plan = undo(files);
    expect(plan.problems).to.deep.equal([]);
    expect(files.read('.claude.json')).to.equal(spelled);
    expect(files.read('.cursor/mcp.json')).to.equal(cursor);
    expect(readdirSync(files.home).sort()).to.deep.equal(['.claude.json', '.cursor', 'project']);
    expect(readdirSync(files.path('.cursor'))).to.deep.equal(['mcp.json']);
    expect(readdirSync(files.project).sort()).to.deep.equal(['.git', 'bulkhead.json']);
  });

  it('undoes several imports, the last one first', () => {
    files.import();
    files.write('.cursor/mcp.json', { mcpServers: { fs: { command: 'x' } } });
    const text = files.read('.claude.json').replace('"n": 1.0', '"n": 1.0, "projects": {}');
    files.write('.claude.json', text);
    files.write('project/.mcp.json', { mcpServers: { late: { command: 'y' } } });
    files.import();
    undo(files);
    expect(files.read('.claude.json')).to.equal(spelled.replace('"n": 1.0', '"n": 1.0, "projects": {}'));
    expect(files.json('.cursor/mcp.json')).to.deep.equal({ mcpServers: { fs: { command: 'x' } } });
    expect(files.json('project/.mcp.json')).to.deep.equal({ mcpServers: { late: { command: 'y' } } });
  });

  it('brings back its entries alone in a file that the client has written since', () => {
    files.import();
    const rewritten = { numStartups: 2, ...JSON.parse(files.read('.claude.json').split(' //')[0]!) };
    files.write('.claude.json', rewritten);
    const plan = undo(files);
    expect(plan.problems).to.deep.equal([]);
    expect(plan.files[0]).to.include({ whole: false });
    expect(files.json('.claude.json')).to.deep.equal({
      numStartups: 2,
      mcpServers: { memory: { command: 'npx', args: ['a'] } },
      n: 1,
    });
    expect(files.has('.claude.json.bulkhead-backup'), 'it holds what the file has not').to.equal(true);
  });

  it('leaves an entry that was changed since, and says where its old text is', () => {
    files.import();
    files.write('.claude.json', { mcpServers: { memory: { type: 'http', url: 'https://example.com/' } } });
    const plan = undo(files);
    const path = files.path('.claude.json');
    expect(plan.problems).to.deep.equal([
      `memory in ${path} was changed after the import and stays as it is; what it was before is in ${path}.bulkhead-backup.`,
    ]);
    expect(files.json('.claude.json').mcpServers).to.have.nested.property(
      'memory.url',
      'https://example.com/',
    );
    expect(files.has('.claude.json.bulkhead-backup')).to.equal(true);
  });

  it("can be tried again for a file that can't be read now", () => {
    files.write('.cursor/mcp.json', { mcpServers: { fs: { command: 'x' } } });
    files.import();
    const after = files.read('.claude.json');
    files.write('.claude.json', '{');
    const plan = undo(files);
    expect(plan.problems).to.have.length(1);
    expect(files.json('.cursor/mcp.json')).to.deep.equal({ mcpServers: { fs: { command: 'x' } } });
    files.write('.claude.json', after);
    expect(undo(files).problems).to.deep.equal([]);
    expect(files.read('.claude.json')).to.equal(spelled);
  });

  it('says when the file or the backup is gone', () => {
    files.import();
    rmSync(files.path('.claude.json.bulkhead-backup'));
    expect(undo(files).problems[0]).to.match(/^ENOENT.*bulkhead-backup/);
    rmSync(files.path('.claude.json'));
    expect(undo(files).problems).to.deep.equal([
      `${files.path('.claude.json')} is gone: there is nothing to bring back into.`,
    ]);
  });
});
