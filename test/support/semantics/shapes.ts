import { AS_FILES, type Row, row } from './rows.js';

const NAMESPACE = {
  'a.mjs':
    'export let z = 1; export const a = 2; export default 3; export const set = (value) => { z = value; };',
};
const named = (code: string) => ({
  'server.mjs': `import * as ns from "./a.mjs"; const read = () => ns; ${code}`,
  ...NAMESPACE,
});

/** What code can see of modules, functions and errors. */
export const SHAPES: readonly Row[] = [
  row('a namespace has its names in order', named('export default Object.keys(read());'), [
    'a',
    'default',
    'set',
    'z',
  ]),
  row(
    'a namespace says what it is',
    named('export default [String(Object.prototype.toString.call(read())), read()[Symbol.toStringTag]];'),
    ['[object Module]', 'Module'],
  ),
  row(
    'a namespace has no prototype',
    named('export default Object.getPrototypeOf(read()) === null && !("toString" in read());'),
    true,
  ),
  row(
    'a namespace cannot be extended',
    named('export default [Object.isExtensible(read()), attempt(() => { read().other = 1; })];'),
    [false, 'TypeError'],
  ),
  row(
    'a namespace cannot lose a name',
    named('export default [attempt(() => delete read().a), attempt(() => delete read().none)];'),
    ['TypeError', true],
  ),
  row(
    'a namespace cannot be frozen, but sealed',
    named(
      'export default [Object.isSealed(read()), Object.isFrozen(read()), attempt(() => Object.freeze(read()))];',
    ),
    [true, false, 'TypeError'],
  ),
  row(
    'a namespace has plain properties',
    named('export default Object.getOwnPropertyDescriptor(read(), "a");'),
    { value: 2, writable: true, enumerable: true, configurable: false },
  ),
  row(
    'a namespace shows what is assigned',
    named(
      'ns.set(5); export default [read().z, Object.getOwnPropertyDescriptor(read(), "z").value, { ...read() }.z];',
    ),
    [5, 5, 5],
  ),
  row(
    'a namespace is defined again only as it is',
    named(
      'export default [Reflect.defineProperty(read(), "a", { value: 2 }), Reflect.defineProperty(read(), "a", { value: 3 }), Reflect.set(read(), "a", 2)];',
    ),
    [true, false, false],
  ),
  row(
    'what a namespace has can be asked',
    named(
      'export default ["a" in read(), "none" in read(), read().none === undefined, Object.hasOwn(read(), "z")];',
    ),
    [true, false, true, true],
  ),
  row(
    'a namespace can be walked',
    named(
      'const seen = []; for (const name in read()) seen.push(name); export default [seen, Object.entries(read()).length];',
    ),
    [['a', 'default', 'set', 'z'], 4],
  ),
  row(
    'a named import is called without `this`',
    {
      'server.mjs': 'import { f } from "./a.mjs"; export default f();',
      'a.mjs': 'export function f() { return typeof this; }',
    },
    'undefined',
  ),
  row(
    'CommonJS: the default is module.exports',
    { 'server.mjs': 'import d from "./a.cjs"; export default d;', 'a.cjs': 'module.exports = { x: 1 };' },
    { x: 1 },
  ),
  row(
    'CommonJS: a function',
    { 'server.mjs': 'import d from "./a.cjs"; export default d();', 'a.cjs': 'module.exports = () => 1;' },
    1,
  ),
  row(
    'CommonJS: a primitive',
    { 'server.mjs': 'import d from "./a.cjs"; export default d;', 'a.cjs': 'module.exports = 1;' },
    1,
  ),
  row(
    'CommonJS: null',
    { 'server.mjs': 'import d from "./a.cjs"; export default d;', 'a.cjs': 'module.exports = null;' },
    null,
  ),
  row(
    'CommonJS: what was transpiled has its default inside',
    {
      'server.mjs': 'import d from "./a.cjs"; export default [typeof d, d.default];',
      'a.cjs': 'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = 1;',
    },
    ['object', 1],
  ),
  row(
    'CommonJS: names are found in the text',
    {
      'server.mjs': 'import { x, y } from "./a.cjs"; export default [x, y];',
      'a.cjs': 'exports.x = 1; module.exports.y = 2;',
    },
    [1, 2],
  ),
  row(
    'CommonJS: names that are computed are not',
    {
      'server.mjs': 'import { x } from "./a.cjs"; export default x;',
      'a.cjs': 'for (const name of ["x"]) exports[name] = 1;',
    },
    { fails: 'SyntaxError' },
    AS_FILES,
  ),
  row(
    'CommonJS: names of what is exported again',
    {
      'server.mjs': 'import { x } from "./a.cjs"; export default x;',
      'a.cjs': 'module.exports = require("./b.cjs");',
      'b.cjs': 'exports.x = 1;',
    },
    1,
  ),
  row(
    'CommonJS: a name keeps its first value',
    {
      'server.mjs': 'import a, { n } from "./a.cjs"; a.add(); export default [n, a.n];',
      'a.cjs': 'exports.n = 0; exports.add = () => { exports.n += 1; };',
    },
    [0, 1],
  ),
  row(
    'CommonJS: a name that has no value',
    {
      'server.mjs': 'import { x } from "./a.cjs"; export default typeof x;',
      'a.cjs': 'if (globalThis.semanticsNever) exports.x = 1;',
    },
    'undefined',
  ),
  row(
    'CommonJS: a namespace',
    {
      'server.mjs':
        'import * as ns from "./a.cjs"; export default [ns.default, ns.x, Object.prototype.toString.call(ns), Object.keys(ns).filter((name) => name !== "module.exports")];',
      'a.cjs': 'exports.x = 1;',
    },
    [{ x: 1 }, 1, '[object Module]', ['default', 'x']],
  ),
  row(
    'CommonJS: `this` is exports',
    {
      'server.mjs': 'import d from "./a.cjs"; export default d;',
      'a.cjs': 'this.x = this === exports && exports === module.exports;',
    },
    { x: true },
  ),
  row(
    'CommonJS: files that require each other',
    {
      'server.mjs': 'import d from "./a.cjs"; export default d;',
      'a.cjs': 'exports.early = 1; exports.seen = require("./b.cjs"); exports.late = 2;',
      'b.cjs': 'module.exports = { ...require("./a.cjs") };',
    },
    { early: 1, seen: { early: 1 }, late: 2 },
  ),
  row(
    'CommonJS: a file that throws runs again',
    {
      'server.mjs': 'import d from "./a.cjs"; export default d;',
      'a.cjs':
        'const tried = () => { try { return require("./b.cjs"); } catch { return "failed"; } }; module.exports = [tried(), tried()];',
      'b.cjs':
        'globalThis.semanticsRuns = (globalThis.semanticsRuns ?? 0) + 1; if (globalThis.semanticsRuns === 1) throw new Error("no"); module.exports = "ran";',
    },
    ['failed', 'ran'],
  ),
  row(
    'CommonJS: a package that is optional',
    {
      'server.mjs': 'import d from "./a.cjs"; export default d;',
      'a.cjs':
        'let found = false; try { require("semantics-nowhere"); found = true; } catch (error) { found = error.code; } module.exports = found;',
    },
    'MODULE_NOT_FOUND',
    AS_FILES,
  ),
  row(
    'CommonJS: its own address',
    {
      'server.mjs': 'import d from "./deep/a.cjs"; export default d;',
      'deep/a.cjs':
        'const { basename } = require("node:path"); module.exports = [basename(__filename), basename(__dirname)];',
    },
    ['a.cjs', 'deep'],
  ),
  row(
    'a file has its own address',
    {
      'server.mjs':
        'import { basename } from "node:path"; import { there } from "./deep/a.mjs"; export default [basename(import.meta.url), basename(import.meta.filename), there];',
      'deep/a.mjs':
        'import { basename } from "node:path"; export const there = [basename(import.meta.url), basename(import.meta.dirname)];',
    },
    ['server.mjs', 'server.mjs', ['a.mjs', 'deep']],
  ),
  row(
    'a file beside the module is found by its address',
    {
      'server.mjs':
        'import { readFileSync } from "node:fs"; export default readFileSync(new URL("./a.txt", import.meta.url), "utf8");',
      'a.txt': 'text',
    },
    'text',
  ),
  row(
    'import.meta.resolve',
    { 'server.mjs': 'export default import.meta.resolve("./a.mjs").replace(/.*\\//, "");', 'a.mjs': '' },
    'a.mjs',
    AS_FILES,
  ),
  row(
    'import.meta has no prototype',
    'export default Object.getPrototypeOf(import.meta) === null;',
    true,
    AS_FILES,
  ),
  row(
    'names of functions',
    'function a() {} const b = () => {}; const c = function () {}; const d = { e() {}, f: () => {}, get g() { return 1; } }; export default [a, b, c, d.e, d.f, function h() {}, async () => {}, Object.getOwnPropertyDescriptor(d, "g").get].map(({ name }) => name);',
    ['a', 'b', 'c', 'e', 'f', 'h', '', 'get g'],
  ),
  row(
    'names of default exports',
    {
      'server.mjs':
        'import a from "./a.mjs"; import b from "./b.mjs"; import c from "./c.mjs"; export default [a.name, b.name, c.name];',
      'a.mjs': 'export default function () {}',
      'b.mjs': 'export default class {}',
      'c.mjs': 'export default () => {};',
    },
    ['default', 'default', 'default'],
  ),
  row(
    'names of classes',
    {
      'server.mjs':
        'import { other } from "./a.mjs"; class A {} const B = class {}; const C = class D {}; export default [A, B, C, other, class { static name = "own"; }].map(({ name }) => name);',
      'a.mjs': 'class A {} export { A as other };',
    },
    ['A', 'B', 'D', 'A', 'own'],
  ),
  row(
    'names that two files have',
    {
      'server.mjs':
        'import { f as g } from "./a.mjs"; function f() {} export default [f.name, g.name, new (class Thing {})().constructor.name];',
      'a.mjs': 'export function f() {} class Thing {} export const thing = new Thing();',
    },
    ['f', 'f', 'Thing'],
  ),
  row(
    'the text of a function runs elsewhere',
    'const outer = (n) => { const inner = (m) => m + 1; function twice(m) { return inner(inner(m)); } class Box { value = twice(n); } return new Box().value; }; export default new Function(`return (${outer})(1)`)();',
    3,
  ),
  row(
    'class fields',
    'class A { x = 1; #y = 2; static z = 3; get y() { return this.#y; } static { A.w = 4; } } const a = new A(); export default [Object.keys(a), a.y, A.z, A.w];',
    [['x'], 2, 3, 4],
  ),
  row(
    'a field is defined, not assigned',
    'class A { set x(value) { throw new Error("assigned"); } } class B extends A { x = 1; } export default new B().x;',
    1,
  ),
  row(
    'errors have their class, name and cause',
    'class Own extends Error { name = "Own"; } const error = new Own("no", { cause: 1 }); export default [error instanceof Own, error.name, error.message, error.cause, error.constructor.name, Object.prototype.toString.call(error)];',
    [true, 'Own', 'no', 1, 'Own', '[object Error]'],
  ),
  row(
    'messages of errors',
    'const nothing = undefined; export default (() => { try { nothing.x; } catch (error) { return error.message; } })();',
    "Cannot read properties of undefined (reading 'x')",
  ),
  row(
    'an error says in which function it was made',
    'class Thing { fail() { return new Error("no").stack; } } function outer() { return new Thing().fail(); } export default [/at Thing\\.fail /, /at outer /].map((where) => where.test(outer()));',
    [true, true],
  ),
  row(
    'generators, and what they are called',
    'function* all() { yield 1; } async function* later() { yield 2; } export default async () => { const found = [...all()]; for await (const x of later()) found.push(x); return [found, all.name, later.constructor.name]; };',
    [[1, 2], 'all', 'AsyncGeneratorFunction'],
  ),
  row(
    'process.argv and the global object',
    'export default [Array.isArray(process.argv), globalThis === global, typeof require, typeof module, typeof exports, typeof __filename];',
    [true, true, 'undefined', 'undefined', 'undefined', 'undefined'],
  ),
  row(
    'async context that the module enters is not seen outside of it',
    'import { AsyncLocalStorage } from "node:async_hooks"; const storage = new AsyncLocalStorage(); storage.run("inside", () => {}); export default [storage.getStore() ?? null, storage.run("call", () => storage.getStore()), storage.getStore() ?? null];',
    [null, 'call', null],
  ),
  row(
    'async context of one call is not seen by the next',
    'import { AsyncLocalStorage } from "node:async_hooks"; const storage = new AsyncLocalStorage(); const call = (name) => storage.run(name, async () => { await null; return storage.getStore(); }); export default async () => [await Promise.all([call("a"), call("b")]), storage.getStore() ?? null];',
    [['a', 'b'], null],
  ),
  row(
    'tagged templates keep their strings',
    'const tag = (strings) => strings; const make = () => tag`a${1}b\\n`; export default [make() === make(), make().raw, Object.isFrozen(make())];',
    [true, ['a', 'b\\n'], true],
  ),
  row(
    'characters beyond Latin-1 in regular expressions and tagged templates',
    'export default [/[😀-😂]/u.test("😁"), ((strings) => strings.raw[0])`€`];',
    [true, '€'],
    AS_FILES,
  ),
  row('text that is not ASCII', 'export default ["ä€😀", { ä: 1 }, /[à-ü]/u.test("é")];', [
    'ä€😀',
    { ä: 1 },
    true,
  ]),
  row(
    'names that are not ASCII',
    {
      'server.mjs':
        'import { größe } from "./a.mjs"; export default [größe, (() => { const née = () => {}; return née.name; })()];',
      'a.mjs': 'export const größe = 1;',
    },
    [1, 'née'],
  ),
  row(
    'big numbers, patterns and new operators',
    'let x; x ??= 5n ** 20n; export default [String(x), "aBc".replace(/(?<first>b)/i, "<$<first>>"), [1, 2].at?.(-1)];',
    ['95367431640625', 'a<B>c', 2],
  ),
];
