import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { expect } from 'chai';
import type { BundledModule } from '../../../src/servers/bundle-parts.js';
import { bundleServerModule } from '../../../src/servers/module-bundle.js';
import { NotBundled } from '../../../src/servers/not-bundled.js';
import { OriginalPositions } from '../../../src/servers/original-positions.js';
import { projectRoot } from '../../support/project.js';

describe('the bundle of a server module', () => {
  let folder: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'bulkhead-bundle-')));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Writes these files and bundles `server.mjs`, or the first one. */
  async function bundle(files: Readonly<Record<string, string>>): Promise<BundledModule> {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return bundleServerModule(pathToFileURL(join(folder, Object.keys(files)[0]!)).href);
  }

  /** The default export of the bundle, as a thread gets it. */
  async function evaluated({ text, filename }: BundledModule): Promise<unknown> {
    const head = '(function (exports, require, module) {';
    const code = `${head}${Buffer.from(text).toString('latin1')}\n})`;
    const module = { exports: {} as { default?: unknown } };
    const run = new Script(code, { filename, columnOffset: -head.length }).runInThisContext() as (
      ...args: unknown[]
    ) => Promise<void>;
    await run(module.exports, createRequire(join(folder, 'server.mjs')), module);
    return module.exports.default;
  }

  async function refusal(files: Readonly<Record<string, string>>): Promise<string> {
    try {
      await bundle(files);
    } catch (error) {
      expect(error).to.be.instanceOf(NotBundled);
      return (error as NotBundled).message;
    }
    throw new Error('it was bundled');
  }

  it('exports what the module exports, with all that it imports', async () => {
    const made = await bundle({
      'server.mjs': `
        import { join } from 'node:path';
        import { one } from './one.mjs';
        import two from './two.cjs';
        import data from './data.json' with { type: 'json' };
        import pkg from 'pkg';
        export default { values: [one, two.two, data.three, pkg, join('a', 'b')], lazy: async () => (await import('./lazy.mjs')).five };`,
      'one.mjs': 'export const one = 1;',
      'two.cjs': 'exports.two = 2; exports.path = require("node:path");',
      'data.json': '{"three": 3}',
      'lazy.mjs': 'export const five = 5;',
      'node_modules/pkg/package.json':
        '{"main": "./main.js", "module": "./module.mjs", "exports": {"module": "./module.mjs", "default": "./main.js"}}',
      'node_modules/pkg/main.js': 'module.exports = "what Node resolves";',
      'node_modules/pkg/module.mjs': 'export default "what bundlers resolve";',
    });
    const exported = (await evaluated(made)) as { values: unknown; lazy: () => Promise<number> };
    expect(exported.values).to.deep.equal([1, 2, 3, 'what Node resolves', 'a/b']);
    expect(await exported.lazy()).to.equal(5);
  });

  it('has the default export of a CommonJS module as Node would give it', async () => {
    expect(
      await evaluated(await bundle({ 'server.cjs': 'module.exports = { name: "common" };' })),
    ).to.deep.equal({
      name: 'common',
    });
  });

  it('keeps the address of each file', async () => {
    const made = await bundle({
      'server.mjs': `import { there } from './deep/other.mjs'; export default [import.meta.url, import.meta.dirname, there];`,
      'deep/other.mjs': '#!/usr/bin/env node\nexport const there = [import.meta.url, import.meta.filename];',
    });
    const other = join(folder, 'deep', 'other.mjs');
    expect(await evaluated(made)).to.deep.equal([
      pathToFileURL(join(folder, 'server.mjs')).href,
      folder,
      [pathToFileURL(other).href, other],
    ]);
  });

  it('runs what a package says has no side effects, as Node does', async () => {
    const made = await bundle({
      'server.mjs': `import 'pkg'; export default globalThis.bundleTestSideEffect;`,
      'node_modules/pkg/package.json': '{"type": "module", "main": "./main.js", "sideEffects": false}',
      'node_modules/pkg/main.js': 'globalThis.bundleTestSideEffect = "ran";',
    });
    expect(await evaluated(made)).to.equal('ran');
    delete (globalThis as { bundleTestSideEffect?: string }).bundleTestSideEffect;
  });

  it('keeps names of classes and functions', async () => {
    const made = await bundle({
      'server.mjs': `import { make } from './other.mjs'; class Thing {} export default [new Thing().constructor.name, make().constructor.name];`,
      'other.mjs': 'class Thing {} export const make = () => new Thing();',
    });
    expect(await evaluated(made)).to.deep.equal(['Thing', 'Thing']);
  });

  it('gives a function no name that it has already, and one that was renamed its own', async () => {
    const made = await bundle({
      'server.mjs': `
        import { twice as other, inner } from './other.mjs';
        function twice() {}
        async function* once() {}
        const arrow = () => {};
        export default [twice, once, arrow, other, inner()].map((each) => [each.name, Object.getOwnPropertyDescriptor(each, 'name')]);`,
      'other.mjs':
        'export function twice() { return 2; } export function inner() { if (twice()) { function deep() {} return deep; } }',
    });
    const named = (name: string) => [
      name,
      { value: name, writable: false, enumerable: false, configurable: true },
    ];
    expect(await evaluated(made)).to.deep.equal(['twice', 'once', 'arrow', 'twice', 'deep'].map(named));
    const text = Buffer.from(made.text).toString('latin1');
    const given = Array.from(text.matchAll(/__name\((\w+),"(\w+)"\)/g), ([, ...names]) => names);
    expect(given).to.deep.equal([['twice2', 'twice']]);
  });

  for (const copy of ['the copy that serves it', 'a copy of its own'] as const) {
    it(`has this package in it without what makes a gateway: ${copy}`, async () => {
      const built = join(projectRoot, 'dist', 'src');
      const its = join(folder, 'node_modules', 'mcp-bulkhead');
      if (copy === 'a copy of its own') {
        for (const part of ['index.js', 'shared'])
          cpSync(join(built, part), join(its, 'dist', 'src', part), { recursive: true });
        cpSync(join(projectRoot, 'package.json'), join(its, 'package.json'));
      }
      const specifier = copy === 'a copy of its own' ? 'mcp-bulkhead' : join(built, 'index.js');
      const made = await bundle({
        'server.mjs': `import { createGateway, defineServer } from ${JSON.stringify(specifier)}; export default { defineServer, createGateway };`,
      });
      expect(made.text.length).to.be.below(20_000);
      const api = (await evaluated(made)) as {
        defineServer: (x: unknown) => unknown;
        createGateway: () => Promise<void>;
      };
      const definition = { name: 'x' };
      expect(api.defineServer(definition)).to.equal(definition);
      const outcome = await api.createGateway().catch((error: unknown) => error);
      expect(outcome).to.be.an('error').with.property('message', 'a session thread can make no gateway');
    });
  }

  const STRICTNESS = `{
    isStrict: (function () { return this === undefined; })(),
    frozen: (() => { try { Object.freeze({ a: 1 }).a = 2; return 'silent'; } catch (error) { return error.name; } })(),
    undeclared: (() => { try { notDeclared = 1; return 'silent'; } catch (error) { return error.name; } })(),
  }`;
  const MIXED = {
    'server.mjs': `
      import sloppy from './sloppy.cjs';
      import strict from './strict.cjs';
      import * as detected from './detected.js';
      import { facts as typed } from 'typed';
      import untyped, { counter as fromModule } from 'untyped';
      import data from './data.json' with { type: 'json' };
      const own = ${STRICTNESS};
      class Named { static stack() { return new Error().stack.includes('Named.stack'); } }
      fromModule.count += 1;
      export default {
        own, sloppy, strict, detected: { ...detected }, typed, untyped, data,
        topLevelThis: this === undefined, names: [Named.name, (() => {}).name, Named.stack()],
        counter: fromModule,
        lazy: (await_) => import('./sloppy.cjs').then(({ default: again }) => again === sloppy),
        builtin: () => import('node:path').then(({ sep }) => sep),
      };`,
    'sloppy.cjs': `
      function twice(a, a) { return a; }
      module.exports = {
        ...${STRICTNESS}, octal: 010, twice: twice(1, 2), callee: (function () { return typeof arguments.callee; })(),
        self: this === module.exports, json: require('./data.json').value, helper: require('./helper.cjs').name,
        counter: require('untyped').counter,
      };
      require('untyped').counter.count += 10;
      module.exports.later = () => module.exports.octal;`,
    'strict.cjs': `'use strict'; exports.facts = ${STRICTNESS};`,
    'helper.cjs': `exports.name = 'helper';`,
    'detected.js': `export const facts = ${STRICTNESS};`,
    'data.json': '{"value": 5}',
    'node_modules/typed/package.json': '{"name": "typed", "type": "module", "main": "index.js"}',
    'node_modules/typed/index.js': `export const facts = ${STRICTNESS};`,
    'node_modules/untyped/package.json': '{"name": "untyped", "main": "index.js"}',
    'node_modules/untyped/index.js': `exports.facts = ${STRICTNESS}; exports.counter = { count: 0 };`,
  };

  it('behaves as its files do: ES modules are strict, CommonJS is not, and each file runs once', async () => {
    const bundled = (await evaluated(await bundle(MIXED))) as Record<string, unknown>;
    const files = (await import(pathToFileURL(join(folder, 'server.mjs')).href)).default;
    expect(JSON.stringify(bundled)).to.equal(JSON.stringify(files));
    expect(bundled).to.have.nested.property('own.isStrict', true);
    expect(bundled).to.have.nested.property('sloppy.isStrict', false);
    expect(bundled).to.have.nested.property('counter.count', 11);
    for (const made of [bundled, files]) {
      expect(await made.lazy()).to.equal(true);
      expect(await made.builtin()).to.equal(sep);
    }
  });

  it('tells positions in stacks of CommonJS as those of the files', async () => {
    const made = await bundle({
      'server.mjs': `import { stack } from './there.cjs';\nexport default { stack, here: () => new Error('x').stack };`,
      'there.cjs': `\n\nexports.stack = () =>\n  new Error('x').stack;`,
    });
    const { stack, here } = (await evaluated(made)) as Record<'stack' | 'here', () => string>;
    const positions = new OriginalPositions(made);
    expect(positions.in(stack())).to.include(`${join(folder, 'there.cjs')}:4:`);
    expect(positions.in(here())).to.include(`${join(folder, 'server.mjs')}:2:`);
  });

  it('gives CommonJS files their names and folders, and leaves strict code strict', async () => {
    const made = await bundle({
      'server.mjs':
        'import { x } from "./a/a.cjs"; import { isStrict } from "./b.cjs"; export default [x, isStrict];',
      'a/a.cjs': 'exports.x = [__dirname, __filename];',
      'b.cjs':
        '/* first */ "use strict"; exports.isStrict = (function () { return [this, typeof __dirname]; })();',
    });
    const names = [join(folder, 'a'), join(folder, 'a', 'a.cjs')];
    expect(await evaluated(made)).to.deep.equal([names, [undefined, 'string']]);
  });

  it('is not made of a comment', async () => {
    const text = '// import(x), require(y), __dirname and import.meta.resolve are words\nexport default 1;';
    expect(await evaluated(await bundle({ 'server.mjs': text }))).to.equal(1);
  });

  for (const [what, files, reason] of [
    [
      'top-level await in an imported file',
      { 'server.mjs': 'import "./a.mjs"; export default 1;', 'a.mjs': 'await Promise.resolve(1);' },
      'top-level await',
    ],
    [
      'an import that is computed',
      { 'server.mjs': 'const x = "y"; export default () => import(x);' },
      'imports what it computes',
    ],
    [
      'a require that is computed',
      { 'server.cjs': 'module.exports = (x) => require(x);' },
      'requires what it computes',
    ],
    ['require.resolve', { 'server.cjs': 'module.exports = require.resolve("./x");' }, 'more of `require`'],
    [
      'import.meta.resolve',
      { 'server.mjs': 'export default import.meta.resolve("x");' },
      'more of import.meta',
    ],
    [
      'import.meta itself',
      { 'server.mjs': 'const meta = import.meta; export default meta;' },
      'more of import.meta',
    ],
    ['a native addon', { 'server.cjs': 'module.exports = require("./x.node");', 'x.node': '' }, 'x.node'],
    ['a package that is not there', { 'server.mjs': 'import "nowhere"; export default 1;' }, 'nowhere'],
    [
      'CommonJS that loads an ES module',
      { 'server.mjs': 'import "./a.cjs"; export default 1;', 'a.cjs': 'require("./b.mjs");', 'b.mjs': '' },
      'is CommonJS and loads',
    ],
    ['module.parent', { 'server.cjs': 'module.exports = module.parent;' }, 'more of `module`'],
    ['a syntax error', { 'server.mjs': 'export default {' }, 'found end of file'],
  ] as const) {
    it(`is not made where there is ${what}`, async () => {
      expect(await refusal(files)).to.include(reason);
    });
  }

  it('tells positions in stacks as those of the files', async () => {
    const made = await bundle({
      'server.mjs': `import { fail } from './deep/other.mjs';\n\nexport default () => fail();\n`,
      'deep/other.mjs': `\n\nexport function fail() {\n  throw new Error('here');\n}\n`,
    });
    const positions = new OriginalPositions(made);
    let stack = '';
    try {
      ((await evaluated(made)) as () => void)();
    } catch (error) {
      stack = (error as Error).stack!;
    }
    expect(stack).to.include('(bundled):');
    const readable = positions.in(stack);
    expect(readable).to.include(`${join(folder, 'deep', 'other.mjs')}:4:9`);
    expect(readable).to.include(`${join(folder, 'server.mjs')}:3:`);
    expect(readable).not.to.include('(bundled)');
    expect(positions.in('no stack at all')).to.equal('no stack at all');
    expect(positions.in(`${made.filename} alone`)).to.equal(`${made.filename} alone`);
  });
});
