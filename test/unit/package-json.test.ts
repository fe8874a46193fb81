import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../support/project.js';

const SDK = '@modelcontextprotocol/sdk';

describe('package.json', () => {
  // Session threads have a copy in their bundle. A later version beside it could support other protocol versions.
  it('pins the one version of the SDK that the session threads are built with', () => {
    const read = (path: string) => JSON.parse(readFileSync(join(projectRoot, path), 'utf8'));
    const installed = read(join('node_modules', SDK, 'package.json')).version;
    expect(read('package.json').dependencies[SDK]).to.equal(installed);
  });
});
