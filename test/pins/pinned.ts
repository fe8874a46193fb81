import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../support/project.js';

/**
 * Compares the public names in the code with those that are written down here, in any order. A failing pin is not
 * necessarily a mistake: before 1.0, a name may change for the better. Whoever changes it must change the pin in the
 * same commit, and tell users how to move.
 * @param what the subject in the plural, as at the start of a sentence
 */
export function expectPinned(what: string, found: Iterable<string>, pinned: readonly string[]): void {
  expect(
    [...found].sort(),
    `${what} are public, and these have changed. Change them back, or change the pin and write a line in CHANGELOG.md, ` +
      'under [Unreleased]: Added for a new name; Changed or Removed, with how to move, for an old one.\n',
  ).to.deep.equal([...pinned].sort());
}

/**
 * What an expression captures in the TypeScript files of these folders, without duplicates. Several captures are joined
 * by spaces.
 */
export function inSources(folders: readonly string[], pattern: RegExp): Set<string> {
  const found = new Set<string>();
  for (const folder of folders) {
    for (const file of readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const text = readFileSync(join(projectRoot, folder, file), 'utf8');
      for (const [, ...captures] of text.matchAll(pattern))
        found.add(captures.filter((capture) => capture !== undefined).join(' '));
    }
  }
  return found;
}
