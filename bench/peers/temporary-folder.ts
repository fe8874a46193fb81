import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Short, because measured programs make sockets in folders of theirs below it: a socket's path has 107 bytes at most. */
const PREFIX = 'bench-';

const folders = new Set<string>();

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

process.once('exit', () => {
  for (const folder of folders) remove(folder);
});

/** Runs with a folder that is gone after it, also when the process ends before. */
export async function withTemporaryFolder<Result>(run: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  folders.add(folder);
  try {
    return await run(folder);
  } finally {
    remove(folder);
  }
}
