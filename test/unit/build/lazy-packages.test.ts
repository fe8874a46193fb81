import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect } from 'chai';
import { build, type Plugin, stop } from 'esbuild';
import { lazyNodeModules, lazyPackages, partEntryPoints, standInFor } from '../../../build/lazy-packages.js';
import { buildRoot, projectRoot } from '../../support/project.js';

/** Imports everything for which there are stand-ins, through the packages that import it. */
const EVERYTHING = `export { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
  export { Registry } from 'prom-client';`;

async function bundleOf(
  contents: string,
  plugins: Plugin[] = [lazyPackages, lazyNodeModules],
): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: projectRoot },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
    plugins,
  });
  return outputFiles[0]!.text;
}

describe('The lazy packages of the build', () => {
  after(stop);

  it("stand in for ajv, zod 3 and zod-to-json-schema in the SDK's own imports", async () => {
    const text = await bundleOf(EVERYTHING);
    expect(text).to.include('./lazy/ajv.cjs').and.include('./lazy/zod-3.cjs');
    expect(text).not.to.match(/node_modules\/(?:ajv|zod-to-json-schema|zod\/v3)\//);
  });

  it('stand in for prom-client', async () => {
    const text = await bundleOf(EVERYTHING);
    expect(text).to.include('./lazy/prom-client.cjs').and.not.include('node_modules/prom-client/');
  });

  it('fail the build where an import is not among what stands in', async () => {
    for (const contents of [
      `${EVERYTHING}; import { string } from 'zod/v3'; string();`,
      `${EVERYTHING}; import { constants } from 'node:fs/promises'; constants();`,
    ]) {
      const failure = await bundleOf(contents).catch((error: Error) => error);
      expect(failure, contents)
        .to.be.an('error')
        .with.property('message')
        .that.matches(/No matching export/);
    }
  });

  it('fail the build where a package is no longer imported by the name that they know', async () => {
    const failure = await bundleOf(`import { Registry } from 'prom-client'; new Registry();`).catch(
      (error: Error) => error,
    );
    expect(failure)
      .to.be.an('error')
      .with.property('message')
      .that.matches(/ajv-provider.*build\/lazy-packages\.ts/);
  });

  it('load a module of Node with the first call of one of its functions', async () => {
    const text = await bundleOf(
      `import { pathToFileURL } from 'node:url'; export const to = pathToFileURL;`,
      [lazyNodeModules],
    );
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
