/** Server modules in TypeScript, from bundles and file by file: what docs/typescript.md says works. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { buildAddOn, hasCompiler } from '../support/native-add-on.js';
import { sessionOf, sharedCatalogue } from '../support/programs.js';
import { projectRoot } from '../support/project.js';
import { textOf } from '../support/raw-client.js';

/** Whether this code runs from a bundle. */
const BUNDLED = "new Error('here').stack?.includes('(bundled)')";

/** A server whose tool `outcome` gives this expression as JSON. */
const serving = (expression: string): string => `
interface Setup { registerTool(name: string, config: object, handler: () => unknown): void }
export default {
  name: 'typescript' as const,
  version: '1.0.0',
  setup(server: Setup): void {
    server.registerTool('outcome', {}, async () => ({
      content: [{ type: 'text', text: JSON.stringify({ bundled: ${BUNDLED}, is: await (${expression}) }) }],
    }));
  },
};`;

const FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "type": "module" }',

  'syntax.ts': `
import type { Absent } from './absent.js';
import { type Shape, area } from './shapes.js';
import { fromMts } from './kinds/modern.mjs';
import { fromCts } from './kinds/common.cjs';
import { inFolder } from './folder';
import { bare } from './bare';
import data from './data.json' with { type: 'json' };
enum Colour { Red, Green = 'green' }
const enum Size { Large = 3 }
namespace Units { export const metre = 'm'; }
class Point { constructor(readonly x: number, private y = 2) {} sum(): number { return this.x + this.y; } }
const calls: string[] = [];
function traced(value: Function, { name }: ClassMethodDecoratorContext) {
  return function (this: unknown, ...given: unknown[]) { calls.push(String(name)); return value.apply(this, given); };
}
class Traced { @traced go(): string { return 'went'; } }
const waited: number = await Promise.resolve(7);
const square = { kind: 'square', side: 2 } satisfies Shape;
const absent: Absent | undefined = undefined;
${serving(`{
  enums: [Colour.Red, Colour[0], Colour.Green, Size.Large], namespace: Units.metre, point: new Point(1).sum(),
  decorated: [new Traced().go(), Traced.name, calls], waited, area: area(square), absent: absent === undefined,
  kinds: [fromMts, fromCts], resolved: [inFolder, bare], data, file: import.meta.url.replace(/.*\\//, ''),
}`)}`,
  'shapes.ts':
    'export interface Shape { kind: string; side: number }\nexport const area = ({ side }: Shape): number => side ** 2;',
  'absent.ts': 'export type Absent = never;\nthrow new Error("an import of types runs nothing");',
  'kinds/modern.mts': 'export const fromMts: string = import.meta.url.replace(/.*\\//, "");',
  'kinds/common.cts': 'const fromCts: string = __filename.replace(/.*\\//, "");\nexport = { fromCts };',
  'folder/index.ts': 'export const inFolder: boolean = true;',
  'bare.ts': 'export const bare: boolean = true;',
  'data.json': '{ "from": "json" }',

  'module.mts': serving('{ isStrict: (function (this: unknown) { return this === undefined; })() }'),
  'common.cts': `const { basename } = require('node:path') as typeof import('node:path');${serving('basename(__filename)')}`,

  'settings/tsconfig.json': `{
    // Comments are allowed.
    "compilerOptions": { "experimentalDecorators": true, "useDefineForClassFields": false, "paths": { "@lib/*": ["./lib/*"] } }
  }`,
  'settings/server.ts': `
import { known } from '@lib/known';
const seen: unknown[] = [];
function noted(target: object, name: string): void { seen.push(name, typeof target); }
class Parent { set value(given: number) { seen.push(given); } }
class Child extends Parent { override value = 5; @noted go(): void {} }
new Child();
${serving('{ known, seen }')}`,
  'settings/lib/known.ts': "export const known: string = 'by its path';",

  'created.ts': `
import { McpServer } from '@modelcontextprotocol/server';
export default {
  createServer(): McpServer {
    const server = new McpServer({ name: 'created', version: '1.0.0' });
    server.registerTool('outcome', {}, () => ({
      content: [{ type: 'text', text: JSON.stringify({ bundled: ${BUNDLED}, is: 'made by version 2' }) }],
    }));
    return server;
  },
};`,

  'computed.ts': `
const name: string = ['lat', 'er'].join('');
${serving("import('./' + name + '.ts').then((module: { later: string }) => module.later)")}`,
  'later.ts': "enum When { Later = 'later' }\nexport const later: string = When.Later;",

  'native.ts': `
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
const path: string = fileURLToPath(new URL('./add-on.node', import.meta.url));
const addOn = createRequire(import.meta.url)('./add-on.node') as () => void;
${serving("[typeof addOn, path.replace(/.*[\\\\/]/, '')]")}`,
};

const OUTCOMES: Readonly<Record<string, unknown>> = {
  'syntax.ts': {
    enums: [0, 'Red', 'green', 3],
    namespace: 'm',
    point: 3,
    decorated: ['went', 'Traced', ['go']],
    waited: 7,
    area: 4,
    absent: true,
    kinds: ['modern.mts', 'common.cts'],
    resolved: [true, true],
    data: { from: 'json' },
    file: 'syntax.ts',
  },
  'module.mts': { isStrict: true },
  'common.cts': 'common.cts',
  'settings/server.ts': { known: 'by its path', seen: ['go', 'object', 5] },
  'created.ts': 'made by version 2',
  'computed.ts': 'later',
  ...(hasCompiler() && { 'native.ts': ['function', 'add-on.node'] }),
};

/** No bundle can have what it imports. */
const COMPUTED = 'computed.ts';
/** In processes, for all others: how files are loaded is the same there. */
const IN_PROCESS = 'syntax.ts';

const FOLDER = realpathSync(mkdtempSync(join(tmpdir(), 'bulkhead-typescript-')));

describe('a server module in TypeScript', () => {
  before('write the files', () => {
    for (const [name, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(FOLDER, name)), { recursive: true });
      writeFileSync(join(FOLDER, name), text);
    }
    symlinkSync(join(projectRoot, 'node_modules'), join(FOLDER, 'node_modules'), 'junction');
    if (!hasCompiler()) return;
    const { path, remove } = buildAddOn('crashing');
    copyFileSync(path, join(FOLDER, 'add-on.node'));
    remove();
  });

  after(() => rmSync(FOLDER, { recursive: true }));

  const inThreads = Object.fromEntries(
    Object.keys(OUTCOMES).map((name) => [nameOf(name), { module: join(FOLDER, name) }]),
  );
  const inProcess = { module: join(FOLDER, IN_PROCESS), isolation: 'process' as const };

  for (const bundle of [true, false]) {
    describe(bundle ? 'from its bundle' : 'file by file', () => {
      const servers = bundle ? inThreads : { ...inThreads, 'in-process': inProcess };
      const gateway = sharedCatalogue(servers, { bundle });

      for (const [name, outcome] of Object.entries(OUTCOMES)) {
        it(name, async () => {
          const client = await sessionOf(gateway(), nameOf(name));
          const bundled = bundle && name !== COMPUTED;
          expect(JSON.parse(textOf(await client.call('outcome')))).to.deep.equal({ bundled, is: outcome });
        });
      }

      // A bundle is started there as any other.
      if (bundle) return;

      it(`${IN_PROCESS} in a process`, async () => {
        const client = await sessionOf(gateway(), 'in-process');
        const is = OUTCOMES[IN_PROCESS];
        expect(JSON.parse(textOf(await client.call('outcome')))).to.deep.equal({ bundled: false, is });
      });
    });
  }
});

function nameOf(file: string): string {
  return file.replaceAll(/\W/g, '-');
}
