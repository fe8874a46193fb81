import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectFiles } from '../../../src/cli/init/project-files.js';
import { VERSION } from '../../../src/version.js';
import { projectRoot } from '../../support/project.js';

interface Manifest {
  readonly name: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const own = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as Manifest;

const COMMON = ['.dockerignore', '.gitignore', 'Dockerfile', 'README.md', 'package.json'];

describe('The files of a new project', () => {
  const typescript = projectFiles('weather', 'typescript');
  const javascript = projectFiles('weather', 'javascript');
  const manifestOf = (files: ReadonlyMap<string, string>): Manifest =>
    JSON.parse(files.get('package.json') ?? '');

  it('are these, in TypeScript and in JavaScript', () => {
    expect([...typescript.keys()]).to.deep.equal([
      ...COMMON,
      'src/server.ts',
      'test/server.test.ts',
      'tsconfig.json',
    ]);
    expect([...javascript.keys()]).to.deep.equal([...COMMON, 'src/server.js', 'test/server.test.js']);
  });

  for (const [language, files, extension] of [
    ['TypeScript', typescript, 'ts'],
    ['JavaScript', javascript, 'js'],
  ] as const) {
    it(`bear the project's name alone, and name files that exist (${language})`, () => {
      expect(manifestOf(files).name).to.equal('weather');
      for (const [path, text] of files) {
        expect(text, path).not.to.include('my-mcp-server');
        for (const [named] of text.matchAll(/\bserver\.[jt]s\b/g))
          expect(named).to.equal(`server.${extension}`);
      }
      expect(files.get(`src/server.${extension}`)).to.include("name: 'weather'");
    });

    it(`take packages in the versions that Bulkhead itself is tested with (${language})`, () => {
      const { engines, dependencies, devDependencies = {} } = manifestOf(files);
      expect(engines).to.deep.equal(own.engines);
      expect(dependencies['mcp-bulkhead']).to.equal(`^${VERSION}`);
      for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies })) {
        const known = own.dependencies[name] ?? own.devDependencies?.[name];
        if (known !== undefined) expect(range, name).to.equal(known);
      }
      expect(Object.keys(manifestOf(files).scripts)).to.include.members(['dev', 'start', 'test']);
    });
  }
});
