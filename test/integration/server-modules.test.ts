import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { connectedClient, startGateway } from '../support/gateway.js';
import { buildRoot, projectRoot } from '../support/project.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const packages = join(projectRoot, 'node_modules');
const SDK = '@modelcontextprotocol/sdk';

/** Registers `greet`, with a description at every depth; `z` is the module's own zod. */
const REGISTER_GREET = `
  server.registerTool(
    'greet',
    {
      description: 'Says hello.',
      inputSchema: {
        name: z.string().describe('Whom to greet.'),
        loud: z.boolean().describe('With an exclamation mark.').optional(),
        titles: z.array(z.object({ short: z.string().describe('Such as Dr.') })).default([]).describe('In order.'),
      },
      outputSchema: { greeting: z.string().describe('The whole greeting.') },
    },
    ({ name, loud }) => {
      const greeting = 'Hello, ' + name + (loud ? '!' : '');
      return { content: [{ type: 'text', text: greeting }], structuredContent: { greeting } };
    },
  );`;

const MODULE = `import { z } from 'zod';
export default { name: 'greeter', version: '1.0.0', setup(server) {${REGISTER_GREET}} };`;

interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

describe('a server module', () => {
  it('may be a plain object', async () => {
    const folder = temporaryFolder();
    linkPackages(folder, ['zod']);
    await expectGreeter(await serve(folder, 'module.mjs', MODULE));
  });

  it('may be a CommonJS module', async () => {
    const folder = temporaryFolder();
    linkPackages(folder, ['zod']);
    const source = `const { z } = require('zod');
      module.exports = { name: 'greeter', version: '1.0.0', setup(server) {${REGISTER_GREET}} };`;
    await expectGreeter(await serve(folder, 'module.cjs', source));
  });

  it('may be transpiled to CommonJS', async () => {
    const folder = temporaryFolder();
    linkPackages(folder, ['zod']);
    const source = `Object.defineProperty(exports, '__esModule', { value: true });
      const { z } = require('zod');
      exports.default = { name: 'greeter', version: '1.0.0', setup(server) {${REGISTER_GREET}} };`;
    await expectGreeter(await serve(folder, 'module.cjs', source));
  });

  it('may be made by defineServer, and set up asynchronously', async () => {
    const folder = temporaryFolder();
    linkPackages(folder, ['zod']);
    linkThisPackage(folder);
    const source = `import { defineServer } from 'mcp-bulkhead';
      import { z } from 'zod';
      export default defineServer({ name: 'greeter', version: '1.0.0', async setup(server) {
        await new Promise((resolve) => setTimeout(resolve, 50));${REGISTER_GREET}
      } });`;
    await expectGreeter(await serve(folder, 'module.mjs', source));
  });

  it('may bring its own copy of zod', async () => {
    const folder = temporaryFolder();
    copyPackage('zod', folder);
    await expectGreeter(await serve(folder, 'module.mjs', MODULE));
  });

  it('may bring its own copies of the SDK and of zod, and use them for handlers, templates and completion', async () => {
    const folder = temporaryFolder();
    copyPackage('zod', folder);
    copyPackage(SDK, folder);
    linkPackages(
      folder,
      readdirSync(packages).filter(
        (name) => !name.startsWith('.') && name !== 'zod' && name !== '@modelcontextprotocol',
      ),
    );
    const source = `import { ResourceTemplate } from '${SDK}/server/mcp.js';
      import { completable } from '${SDK}/server/completable.js';
      import { ErrorCode, McpError, SetLevelRequestSchema } from '${SDK}/types.js';
      import { z } from 'zod';
      const options = { capabilities: { logging: {} } };
      export default { name: 'greeter', version: '1.0.0', options, setup(server) {${REGISTER_GREET}
        const template = new ResourceTemplate('person://{name}', { list: undefined });
        server.registerResource('person', template, {}, (uri, { name }) => ({
          contents: [{ uri: uri.href, text: 'person ' + name }],
        }));
        const who = completable(z.string().describe('Of whom.'), (start) => ['Ada', 'Alan'].filter((one) => one.startsWith(start)));
        server.registerPrompt('praise', { argsSchema: { who } }, ({ who: name }) => ({
          messages: [{ role: 'user', content: { type: 'text', text: 'Praise ' + name } }],
        }));
        server.server.setRequestHandler(SetLevelRequestSchema, () => {
          throw new McpError(ErrorCode.InvalidParams, 'no level is good enough');
        });
      } };`;
    const client = await serve(folder, 'module.mjs', source);
    await expectGreeter(client);
    const read = await client.ask('resources/read', { uri: 'person://ada' });
    expect(read.result?.contents).to.deep.equal([{ uri: 'person://ada', text: 'person ada' }]);
    const completion = await client.ask('completion/complete', {
      ref: { type: 'ref/prompt', name: 'praise' },
      argument: { name: 'who', value: 'Al' },
    });
    expect(completion.result?.completion).to.deep.include({ values: ['Alan'] });
    const prompts = await client.ask('prompts/list');
    expect(JSON.stringify(prompts.result)).to.include('Of whom.');
    expect((await client.ask('logging/setLevel', { level: 'info' })).error?.code).to.equal(-32602);
  });

  for (const [what, alias, specifier] of [
    ['zod 4.0, which shares nothing with later copies', 'zod-4-0', 'zod'],
    ['zod 3', 'zod-3', 'zod'],
    ["zod 3's preview of zod 4", 'zod-3', 'zod/v4'],
  ] as const) {
    it(`may bring ${what}`, async function () {
      const installed = findPackage(alias);
      if (installed === undefined) return this.skip();
      const folder = temporaryFolder();
      cpSync(installed, join(folder, 'node_modules', 'zod'), { recursive: true });
      await expectGreeter(
        await serve(folder, 'module.mjs', MODULE.replace("from 'zod'", `from '${specifier}'`)),
      );
    });
  }
});

async function serve(folder: string, file: string, source: string): Promise<RawClient> {
  writeFileSync(join(folder, file), source);
  const gateway = await startGateway({ serverModule: pathToFileURL(join(folder, file)), bundle: true });
  return connectedClient(gateway);
}

/** The tool is listed with every description that its schemas have, and it works. */
async function expectGreeter(client: RawClient): Promise<void> {
  const { result } = await client.ask('tools/list');
  const [tool] = result!.tools as {
    description: string;
    inputSchema: JsonSchema;
    outputSchema: JsonSchema;
  }[];
  expect(tool?.description).to.equal('Says hello.');
  const { name, loud, titles } = tool?.inputSchema.properties ?? {};
  expect(name?.description).to.equal('Whom to greet.');
  expect(loud?.description).to.equal('With an exclamation mark.');
  expect(titles?.description).to.equal('In order.');
  expect(titles?.items?.properties?.short?.description).to.equal('Such as Dr.');
  expect(tool?.outputSchema.properties?.greeting?.description).to.equal('The whole greeting.');

  const greeted = await client.call('greet', { name: 'Ada', loud: true });
  expect(textOf(greeted)).to.equal('Hello, Ada!');
  expect(greeted.result?.structuredContent).to.deep.equal({ greeting: 'Hello, Ada!' });
  const refused = await client.call('greet', { name: 7 });
  expect(refused.error ?? refused.result?.isError, JSON.stringify(refused)).to.be.ok;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-module-'));
  afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  return folder;
}

function linkPackages(folder: string, names: readonly string[]): void {
  for (const name of names) symlinkSync(join(packages, name), join(folder, 'node_modules', name));
}

/** This package as it is installed, with the build that is being tested. */
function linkThisPackage(folder: string): void {
  const installed = join(folder, 'node_modules', 'mcp-bulkhead');
  mkdirSync(installed);
  cpSync(join(projectRoot, 'package.json'), join(installed, 'package.json'));
  symlinkSync(buildRoot, join(installed, 'dist'));
}

/** A real copy: modules are distinguished by their path, so this is another instance. */
function copyPackage(name: string, folder: string): void {
  cpSync(join(packages, name), join(folder, 'node_modules', name), { recursive: true });
}

function findPackage(name: string): string | undefined {
  const folder = join(packages, name);
  return existsSync(folder) ? folder : undefined;
}
