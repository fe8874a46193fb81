import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CommandFailure } from '../../../src/cli/failure.js';
import { writeProject } from '../../../src/cli/init/write-project.js';

/** No file system takes it. */
const TOO_LONG = 'x'.repeat(5_000);

describe('Writing a new project', () => {
  let parent = '';

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'bulkhead-init-'));
  });

  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const failure = (folder: string, files: Record<string, string>): string => {
    try {
      writeProject(folder, new Map(Object.entries(files)));
    } catch (error) {
      expect(error).to.be.an.instanceof(CommandFailure);
      return (error as Error).message;
    }
    throw new Error('It was written.');
  };

  it('makes the folders that are missing', () => {
    writeProject(join(parent, 'a', 'b'), new Map(Object.entries({ 'src/x.txt': 'one', 'y.txt': 'two' })));
    expect(readFileSync(join(parent, 'a/b/src/x.txt'), 'utf8')).to.equal('one');
    expect(readFileSync(join(parent, 'a/b/y.txt'), 'utf8')).to.equal('two');
  });

  it('leaves nothing when it fails half-way', () => {
    const message = failure(join(parent, 'a', 'b'), { 'src/x.txt': 'one', [TOO_LONG]: 'two' });
    expect(message).to.match(/^The project cannot be written: ENAMETOOLONG.* Nothing is left of it\.$/);
    expect(readdirSync(parent)).to.deep.equal([]);
  });

  it('leaves nothing of a folder that could only be made in part', () => {
    failure(join(parent, 'a', 'b'), { [`src/${TOO_LONG}/x.txt`]: 'one' });
    expect(readdirSync(parent)).to.deep.equal([]);
  });

  it('leaves a folder that was there before', () => {
    mkdirSync(join(parent, 'a'));
    failure(join(parent, 'a'), { 'src/x.txt': 'one', [TOO_LONG]: 'two' });
    expect(readdirSync(parent)).to.deep.equal(['a']);
    expect(readdirSync(join(parent, 'a'))).to.deep.equal([]);
  });

  it('overwrites nothing, and keeps what it did not make', () => {
    mkdirSync(join(parent, 'src'));
    writeFileSync(join(parent, 'src', 'x.txt'), 'mine');
    expect(failure(parent, { 'a.txt': 'one', 'src/x.txt': 'two' })).to.include('EEXIST');
    expect(readFileSync(join(parent, 'src/x.txt'), 'utf8')).to.equal('mine');
    expect(existsSync(join(parent, 'a.txt'))).to.equal(false);
  });
});
