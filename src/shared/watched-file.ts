/**
 * Files that are read again when they change, such as a certificate that another program renews. They are looked at once a
 * second, by their paths: so a file that is replaced, a link that is changed and a folder that is mounted are seen as well.
 */
import { unwatchFile, watchFile } from 'node:fs';

const INTERVAL_MS = 1_000;

export class WatchedFiles {
  readonly #paths: readonly string[];
  readonly #onChange: () => void;
  #isDue = false;

  /** @param onChange is called once for all that are found to have changed in the same turn, and throws nothing */
  constructor(paths: readonly string[], onChange: () => void) {
    this.#paths = [...new Set(paths)];
    this.#onChange = () => {
      if (this.#isDue) return;
      this.#isDue = true;
      setImmediate(() => {
        this.#isDue = false;
        onChange();
      });
    };
    for (const path of this.#paths)
      watchFile(path, { interval: INTERVAL_MS, persistent: false }, this.#onChange);
  }

  close(): void {
    for (const path of this.#paths) unwatchFile(path, this.#onChange);
  }
}
