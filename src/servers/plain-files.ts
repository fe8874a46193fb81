/**
 * Files of packages that can stand in a bundle as they are. Their texts have been searched, and are not searched again
 * while the system says that they are the same files.
 */
import { stat } from 'node:fs/promises';

/** Of all servers together. With more, all are searched again. */
const MAX_FILES = 20_000;

export class PlainFiles {
  /** By path. */
  readonly #versions = new Map<string, string>();

  /** What the system says of a file; another text has another version. `undefined` if it cannot be seen. */
  async versionOf(path: string): Promise<string | undefined> {
    try {
      const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
      return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
    } catch {
      // Whoever reads it learns why.
      return undefined;
    }
  }

  has(path: string, version: string): boolean {
    return this.#versions.get(path) === version;
  }

  add(path: string, version: string): void {
    if (this.#versions.size >= MAX_FILES) this.#versions.clear();
    this.#versions.set(path, version);
  }
}
