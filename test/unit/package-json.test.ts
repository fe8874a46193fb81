import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../support/project.js';

const SDK = '@modelcontextprotocol/sdk';

const read = (path: string) => JSON.parse(readFileSync(join(projectRoot, path), 'utf8'));

describe('package.json', () => {
  // Session threads have a copy in their bundle. A later version beside it could support other protocol versions.
  it('pins the one version of the SDK that the session threads are built with', () => {
    const installed = read(join('node_modules', SDK, 'package.json')).version;
    expect(read('package.json').dependencies[SDK]).to.equal(installed);
  });
});

describe('create-mcp-bulkhead/package.json', () => {
  it('has the version of Bulkhead, and depends on no other', () => {
    const { version, engines, license, homepage, bugs } = read('package.json');
    const creator = read('create-mcp-bulkhead/package.json');
    expect(creator).to.deep.include({ version, engines, license, homepage, bugs });
    expect(creator.dependencies).to.deep.equal({ 'mcp-bulkhead': version });
  });
});
