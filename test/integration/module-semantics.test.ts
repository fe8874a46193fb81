/**
 * A module in a bundle behaves as its files do: each row of `test/support/semantics/` is run by plain Node, file by file in
 * a session thread, and from its bundle.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { BundledModule } from '../../src/servers/bundle-parts.js';
import { bundleServerModule } from '../../src/servers/module-bundle.js';
import { NotBundled } from '../../src/servers/not-bundled.js';
import { compiledText } from '../../workers/module-text.js';
import { connectedClient, startGateway } from '../support/gateway.js';
import { textOf } from '../support/raw-client.js';
import { BINDINGS } from '../support/semantics/bindings.js';
import { LOADING } from '../support/semantics/loading.js';
import type { Row } from '../support/semantics/rows.js';
import { SHAPES } from '../support/semantics/shapes.js';
import { STRICT_CODE } from '../support/semantics/strict-code.js';

const ROWS = [...STRICT_CODE, ...BINDINGS, ...LOADING, ...SHAPES];

/** Both ways that import files use the same text. */
const OUTCOMES = `
export async function outcomeOf(load) {
  try {
    const exported = await load();
    return { is: typeof exported === 'function' ? await exported() : exported };
  } catch (error) {
    return { is: { fails: error.name } };
  }
}
export async function outcomes(urls) {
  const found = [];
  for (const url of urls) found.push(await outcomeOf(async () => (await import(url)).default));
  return JSON.stringify(found);
}`;

describe('the semantics of modules', () => {
  let folder: string;
  let urls: string[];
  let byNode: { is: unknown }[];
  let byFile: { is: unknown }[];
  let bundles: (BundledModule | NotBundled)[];
  let outcomeOf: (load: () => Promise<unknown>) => Promise<{ is: unknown }>;

  before(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'bulkhead-semantics-')));
    urls = ROWS.map((row, index) => written(row, join(folder, String(index))));
    const outcomes = join(folder, 'outcomes.mjs');
    writeFileSync(outcomes, OUTCOMES);
    ({ outcomeOf } = await import(pathToFileURL(outcomes).href));
    [byNode, byFile, bundles] = await Promise.all([inNode(), inThread(), Promise.all(urls.map(bundleOf))]);
  });

  after(() => rmSync(folder, { recursive: true }));

  async function inNode(): Promise<{ is: unknown }[]> {
    const script = `import { outcomes } from './outcomes.mjs'; console.log(await outcomes(${JSON.stringify(urls)}));`;
    const path = join(folder, 'node.mjs');
    writeFileSync(path, script);
    const { stdout } = await promisify(execFile)(process.execPath, [path]);
    return JSON.parse(stdout);
  }

  async function inThread(): Promise<{ is: unknown }[]> {
    const server = join(folder, 'server.mjs');
    writeFileSync(
      server,
      `import { outcomes } from './outcomes.mjs';
      export default { name: 'semantics', version: '1', setup(server) {
        server.registerTool('outcomes', {}, async () => ({ content: [{ type: 'text', text: await outcomes(${JSON.stringify(urls)}) }] }));
      } };`,
    );
    const gateway = await startGateway({ serverModule: server, bundle: false });
    const client = await connectedClient(gateway);
    const found = JSON.parse(textOf(await client.call('outcomes')));
    await gateway.close();
    return found;
  }

  it('are a table of a hundred rows and more', () => {
    expect(ROWS.length).to.be.above(100);
    expect(new Set(ROWS.map(({ what }) => what)).size).to.equal(ROWS.length);
  });

  for (const [index, { what, outcome, bundled }] of ROWS.entries()) {
    it(what, async () => {
      expect(byNode[index]!.is, 'plain Node').to.deep.equal(outcome);
      expect(byFile[index]!.is, 'file by file').to.deep.equal(outcome);
      const bundle = bundles[index]!;
      if (bundle instanceof NotBundled) return expect(bundled, bundle.message).to.equal(false);
      expect(bundled, 'there is a bundle').to.equal(true);
      const { is } = await outcomeOf(() => exportOf(bundle, urls[index]!));
      return expect(JSON.parse(JSON.stringify(is)), 'from the bundle').to.deep.equal(outcome);
    });
  }
});

function written({ files }: Row, folder: string): string {
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice('-> '.length), path);
    else writeFileSync(path, text);
  }
  return pathToFileURL(join(folder, Object.keys(files)[0]!)).href;
}

async function bundleOf(url: string): Promise<BundledModule | NotBundled> {
  try {
    return await bundleServerModule(url);
  } catch (error) {
    if (error instanceof NotBundled) return error;
    throw error;
  }
}

/** As a session thread runs a bundle. */
async function exportOf(bundle: BundledModule, url: string): Promise<unknown> {
  const module = { exports: {} as { default?: unknown } };
  await compiledText(bundle, undefined).run(url, module);
  return module.exports.default;
}
