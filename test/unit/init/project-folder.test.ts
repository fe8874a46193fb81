import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectFolder } from '../../../src/cli/init/project-folder.js';
import { projectRoot } from '../../support/project.js';

describe('The folder of a new project', () => {
  let cwd = '';

  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'bulkhead-init-'));
  });

  afterEach(() => rmSync(cwd, { recursive: true, force: true }));

  const refusal = (written: string): string => {
    try {
      projectFolder(written, cwd);
    } catch (error) {
      expect(error).to.include({ code: 'ERR_BULKHEAD_OPTION' });
      return (error as Error).message;
    }
    throw new Error(`${written} was not refused.`);
  };

  it('may not exist yet, and gives the project its name', () => {
    expect(projectFolder('servers/my-server_2.0', cwd)).to.deep.equal({
      path: join(cwd, 'servers', 'my-server_2.0'),
      name: 'my-server_2.0',
    });
  });

  it('may be the current one, if that is empty', () => {
    mkdirSync(join(cwd, 'here'));
    expect(projectFolder('.', join(cwd, 'here'))).to.deep.equal({ path: join(cwd, 'here'), name: 'here' });
  });

  it('may be a new repository', () => {
    mkdirSync(join(cwd, 'cloned', '.git'), { recursive: true });
    writeFileSync(join(cwd, 'cloned', '.DS_Store'), '');
    expect(projectFolder('cloned', cwd).name).to.equal('cloned');
  });

  it('is refused with files in it, even hidden ones', () => {
    mkdirSync(join(cwd, 'used'));
    writeFileSync(join(cwd, 'used', '.env'), 'SECRET=1');
    expect(refusal('used')).to.match(/^used is not empty: it has \.env\. Name a folder that is new or empty/);
    writeFileSync(join(cwd, 'used', 'index.js'), '');
    expect(refusal('used')).to.match(/it has \.env and 1 more\./);
    for (const here of ['.', '']) {
      expect(() => projectFolder(here, join(cwd, 'used'))).to.throw(
        /^This folder is not empty: it has \.env/,
      );
    }
  });

  it('is refused where a file is, or is above it', () => {
    writeFileSync(join(cwd, 'file'), '');
    expect(refusal('file')).to.equal('file is not a folder: choose another name.');
    expect(refusal('file/below')).to.equal('file/below is not a folder: choose another name.');
  });

  it('is refused if npm would refuse its name, or a shell might read it otherwise', () => {
    const names = [
      'My-Server',
      '.hidden',
      '_private',
      'two words',
      '$(id)',
      'a;b',
      "it's",
      'ünder',
      '-rf',
      '/',
    ];
    for (const name of [...names, 'a'.repeat(215)]) {
      expect(refusal(name), name).to.include('cannot be the name of a package');
    }
  });

  it('is refused if its name is that of a package which the project installs', () => {
    const names = ['javascript', 'typescript'].flatMap((language) => {
      const manifest = join(projectRoot, 'templates', language, 'package.json');
      const { dependencies, devDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as Record<
        string,
        Record<string, string>
      >;
      return [...Object.keys(dependencies ?? {}), ...Object.keys(devDependencies)];
    });
    expect(names).to.include.members(['mcp-bulkhead', 'tsx']);
    for (const name of names.filter((written) => !written.startsWith('@')).concat('node_modules')) {
      expect(refusal(name), name).to.include('is the name of another package');
    }
  });
});
