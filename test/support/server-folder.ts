import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalogue } from '../../src/servers/server-entry.js';
import { createOptionFolder, type OptionFolder } from './option-folder.js';

/** An option folder that also has `program.js`. */
export interface ServerFolder extends Pick<OptionFolder, 'path' | 'fromFile'> {
  /** What a file with these `servers` says is served. */
  catalogueOf(servers: object, options?: object): Catalogue;
}

/** One for all tests of the describe block that this is called in. */
export function sharedServerFolder(): ServerFolder {
  let folder: OptionFolder;

  before(() => {
    folder = createOptionFolder();
    writeFileSync(join(folder.path, 'program.js'), '');
  });

  after(() => folder.remove());

  return {
    get path() {
      return folder.path;
    },
    fromFile: (content) => folder.fromFile(content),
    catalogueOf: (servers, options = {}) => folder.fromFile({ servers, ...options }).catalogue,
  };
}
