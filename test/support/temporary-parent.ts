import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterThisTest } from './cleanup.js';

/**
 * Where this process, and all that it starts, makes temporary folders during the test.
 * @param chars the length of its path; by default, whatever it is
 */
export function ownTemporaryFolder(chars = 0): string {
  const root = mkdtempSync(join(tmpdir(), 'l-'));
  const folder = chars === 0 ? root : join(root, 'x'.repeat(chars - root.length - 1));
  mkdirSync(folder, { recursive: true });
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  afterThisTest(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(root, { recursive: true });
  });
  return folder;
}
