import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { NoPackageCommand, packageCommand } from '../../../src/config/servers/package-command.js';
import { installPackage } from '../../support/packages.js';

describe("A package's command", () => {
  let folder: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'bulkhead-package-')));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is its only one', () => {
    const file = installPackage(folder, 'server', { bin: { 'other-name': './dist/cli.js' } });
    expect(packageCommand('server', folder)).to.equal(file('dist/cli.js'));
  });

  it('is the one that is named like the package, without its scope', () => {
    const file = installPackage(folder, '@scope/server', { bin: { setup: 'setup.js', server: 'server.js' } });
    expect(packageCommand('@scope/server', folder)).to.equal(file('server.js'));
  });

  it('is looked for in the folders above as well, the nearest first', () => {
    const inner = join(folder, 'a', 'b');
    mkdirSync(inner, { recursive: true });
    const above = installPackage(folder, 'server', { bin: 'above.js' });
    expect(packageCommand('server', inner)).to.equal(above('above.js'));
    const near = installPackage(join(folder, 'a'), 'server', { bin: 'near.js' });
    expect(packageCommand('server', inner)).to.equal(near('near.js'));
  });

  const refused: [name: string, install: (folder: string) => void, sentence: RegExp][] = [
    ['is not installed', () => {}, /^which is not installed: run npm install server in \//],
    ['has none', (to) => installPackage(to, 'server', {}), /^which has no command .* "script" instead$/],
    [
      'has several',
      (to) => installPackage(to, 'server', { bin: { a: 'a.js', b: 'b.js' } }),
      /^which has several commands, a, b, and none with its own name/,
    ],
    [
      'lacks the file',
      (to) => rmSync(installPackage(to, 'server', { bin: 'a.js' })('a.js')),
      /^whose command \/.*\/node_modules\/server\/a\.js does not exist/,
    ],
    [
      'has a broken package.json',
      (to) => writeFileSync(installPackage(to, 'server', {})('package.json'), '{'),
      /^whose \/.*package\.json cannot be read/,
    ],
    [
      'has a package.json that says nothing',
      (to) => writeFileSync(installPackage(to, 'server', {})('package.json'), 'null'),
      /^which has no command/,
    ],
  ];
  for (const [name, install, sentence] of refused) {
    it(`is refused with what to do where the package ${name}`, () => {
      install(folder);
      expect(() => packageCommand('server', folder)).to.throw(NoPackageCommand, sentence);
    });
  }
});
