import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect } from 'chai';
import { build, stop } from 'esbuild';
import { lazyNodeModules, lazyPackages, partEntryPoints, standInFor } from '../../../build/lazy-packages.js';
import { buildRoot, projectRoot } from '../../support/project.js';

/** What is bundled of a module that imports the SDK's server and one function of Node's. */
async function bundleOf(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: projectRoot },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
    plugins: [lazyPackages, lazyNodeModules],
  });
  return outputFiles[0]!.text;
}

describe('The lazy packages of the build', () => {
  after(stop);

  it("stand in for ajv, zod 3 and zod-to-json-schema in the SDK's own imports", async () => {
    const text = await bundleOf(`export { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';`);
    expect(text).to.include('./lazy/ajv.cjs').and.include('./lazy/zod-3.cjs');
    expect(text).not.to.match(/node_modules\/(?:ajv|zod-to-json-schema|zod\/v3)\//);
  });

  it('stand in for prom-client', async () => {
    const text = await bundleOf(`import { Registry } from 'prom-client'; new Registry();`);
    expect(text).to.include('./lazy/prom-client.cjs').and.not.include('node_modules/prom-client/');
  });

  it('fail the build where an import is not among what stands in', async () => {
    for (const contents of [
      `import { string } from 'zod/v3'; string();`,
      `import { constants } from 'node:fs/promises'; constants();`,
    ]) {
      const failure = await bundleOf(contents).catch((error: Error) => error);
      expect(failure, contents)
        .to.be.an('error')
        .with.property('message')
        .that.matches(/No matching export/);
    }
  });

  it('load a module of Node with the first call of one of its functions', async () => {
    const text = await bundleOf(`import { pathToFileURL } from 'node:url'; export const to = pathToFileURL;`);
    const required: string[] = [];
    const require = createRequire(import.meta.url);
    const module = { exports: {} as { to(path: string): URL } };
    const load = (name: string): unknown => {
      required.push(name);
      return require(name);
    };
    new Function('module', 'require', text)(module, load);
    expect(required).to.deep.equal([]);
    expect(module.exports.to('/a').href).to.match(/^file:/);
    expect(required).to.deep.equal(['node:url']);
  });

  it('stand in for functions and classes of Node, and for nothing else', () => {
    expect(standInFor('node:net')).to.include('export function isIP(');
    expect(standInFor('node:v8')).to.include('export function getHeapStatistics(');
    expect(standInFor('node:fs/promises')).not.to.include('constants');
  });

  it('are files beside the bundle of session threads, each of which loads', () => {
    const require = createRequire(import.meta.url);
    const bundle = readFileSync(join(buildRoot, 'workers/session-worker.cjs'), 'utf8');
    for (const name of Object.keys(partEntryPoints)) {
      expect(bundle).to.include(`./${name}.cjs`);
      expect(Object.keys(require(join(buildRoot, 'workers', `${name}.cjs`)))).not.to.deep.equal([]);
    }
  });
});
