/**
 * A file that is read again when it changes, such as a certificate that another program renews. It is looked at once a
 * second, by its path: so a file that is replaced, a link that is changed and a folder that is mounted are seen as well.
 */
import { unwatchFile, watchFile } from 'node:fs';

const INTERVAL_MS = 1_000;

export class WatchedFiles {
  readonly #paths: readonly string[];
  readonly #onChange: () => void;

  /** @param onChange is called once for all that have changed in the same turn, and throws nothing */
  constructor(paths: readonly string[], onChange: () => void) {
    let due: NodeJS.Immediate | undefined;
    this.#paths = [...new Set(paths)];
    this.#onChange = () => {
      due ??= setImmediate(() => {
        due = undefined;
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
