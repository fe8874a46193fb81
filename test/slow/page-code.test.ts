/** Every piece of code in the documentation: it is type-checked, and servers are served and answer as the page
 * shows. Programs run in `page-programs.test.ts`. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { sharedGateway } from '../support/gateway.js';
import { check, isServer, writeCode } from '../support/page-code.js';
import { projectRoot } from '../support/project.js';
import { RawClient } from '../support/raw-client.js';

/** For the compiler, on a machine that also runs other tests. */
const DEADLINE_MS = 30_000;
const COMMON = {
  target: 'ES2023',
  module: 'NodeNext',
  types: ['node', 'mocha'],
  skipLibCheck: true,
  noEmit: true,
};
/** TypeScript has to be right under the strictest settings; of JavaScript only what a name or a type is known to be. */
const LANGUAGES = {
  TypeScript: {
    files: /\.m?ts$/,
    options: {
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      allowImportingTsExtensions: true,
    },
  },
  JavaScript: { files: /\.m?js$/, options: { strict: false, allowJs: true, checkJs: true } },
} as const;

const { root, files, remove } = writeCode();
const servers = files.filter(isServer);

describe('the code on the pages', () => {
  after('remove its files', remove);

  for (const [language, { files: pattern, options }] of Object.entries(LANGUAGES)) {
    const checked = files.map(({ path }) => path).filter((path) => pattern.test(path));
    if (checked.length === 0) continue;
    it(`is right in its types: ${language}`, async function () {
      this.timeout(2 * DEADLINE_MS);
      const project = join(root, `tsconfig.${language}.json`);
      writeFileSync(project, JSON.stringify({ compilerOptions: { ...COMMON, ...options }, files: checked }));
      const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc');
      const compiled = promisify(execFile)(process.execPath, [compiler, '-p', project], {
        timeout: DEADLINE_MS,
        cwd: root,
      });
      const failure = await compiled.then(
        () => undefined,
        ({ stdout, message }: { stdout: string; message: string }) => stdout || message,
      );
      expect(failure).to.equal(undefined);
    });
  }

  describe('that defines servers', () => {
    const gateway = sharedGateway({
      servers: Object.fromEntries(servers.map(({ name, path }) => [name, { module: path }])),
      serverModule: undefined,
      strict: true,
      bundle: true,
    });

    for (const { place, name, folder, calls } of servers) {
      it(`${place} serves${calls.length > 0 ? ' and answers what the page shows' : ''}`, async () => {
        const url = new URL(`/${name}/mcp`, gateway().url);
        await listTools(url);
        for (const call of calls) await check(call, () => url.href, folder);
      });
    }
  });
});

async function listTools(url: URL): Promise<void> {
  const client = new RawClient(url);
  afterThisTest(() => client.destroy());
  await client.initialize();
  const { result } = await client.ask('tools/list');
  expect(result?.tools).to.be.an('array');
}
