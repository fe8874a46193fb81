import fs from 'node:fs';
import { expect } from 'chai';
import { baseName, CALLING_OTHERS, GLOBS, PATH_ARGUMENTS } from '../../../workers/program/path-functions.js';

/** Functions of `fs` that take a descriptor or no file at all. */
const WITHOUT_PATHS = new Set([
  ...['close', 'fchmod', 'fchown', 'fdatasync', 'fstat', 'fsync', 'ftruncate', 'futimes'],
  ...['read', 'readv', 'write', 'writev', '_toUnixTimestamp'],
  ...['Dir', 'Dirent', 'Stats'],
]);

function functionsOf(owner: object): string[] {
  return Object.entries(owner)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name);
}

describe('the functions of fs that take paths', () => {
  it('are all known, in this Node', () => {
    const names = [...functionsOf(fs), ...functionsOf(fs.promises)];
    expect(names.length).to.be.above(100);
    const unknown = names.filter(
      (name) =>
        !Object.hasOwn(PATH_ARGUMENTS, baseName(name)) &&
        !WITHOUT_PATHS.has(baseName(name)) &&
        ![...GLOBS, ...CALLING_OTHERS].includes(name),
    );
    expect(unknown).to.deep.equal([]);
  });
});
