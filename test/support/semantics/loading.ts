import { AS_FILES, type Row, row } from './rows.js';

const COUNTED =
  'globalThis.semanticsCounts ??= {}; const key = import.meta.url.replace(/.*\\//, ""); globalThis.semanticsCounts[key] = (globalThis.semanticsCounts[key] ?? 0) + 1; export const count = globalThis.semanticsCounts[key];';

/** How modules are found and loaded: `import()`, instances, packages, JSON. */
export const LOADING: readonly Row[] = [
  row(
    'import() of a literal',
    {
      'server.mjs': 'export default async () => (await import("./a.mjs")).x;',
      'a.mjs': 'export const x = 1;',
    },
    1,
  ),
  row(
    'import() of a name that is computed',
    {
      'server.mjs': 'export default async (name = "a") => (await import("./" + name + ".mjs")).x;',
      'a.mjs': 'export const x = 1;',
    },
    1,
    AS_FILES,
  ),
  row(
    'import() of a template',
    {
      'server.mjs': 'export default async () => (await import(`./a.mjs`)).x;',
      'a.mjs': 'export const x = 1;',
    },
    1,
  ),
  row(
    'import() of a data: URL',
    'export default async () => (await import("data:text/javascript,export default 5")).default;',
    5,
    AS_FILES,
  ),
  row(
    'import() of a module of Node',
    'export default async () => typeof (await import("node:path")).join;',
    'function',
  ),
  row(
    'import() of JSON',
    {
      'server.mjs':
        'export default async () => ({ ...(await import("./a.json", { with: { type: "json" } })) });',
      'a.json': '{"x":1}',
    },
    { default: { x: 1 } },
  ),
  row(
    'import() of JSON without an attribute fails',
    {
      'server.mjs': 'export default () => import("./a.json").then(() => "loaded", ({ name }) => name);',
      'a.json': '{"x":1}',
    },
    'TypeError',
    AS_FILES,
  ),
  row(
    'import() of CommonJS',
    {
      'server.mjs':
        'export default async () => { const { default: d, x } = await import("./a.cjs"); return [d, x]; };',
      'a.cjs': 'exports.x = 1;',
    },
    [{ x: 1 }, 1],
  ),
  row(
    'import() of what is missing is rejected',
    'export default () => import("./nowhere.mjs").then(() => "loaded", ({ code }) => code);',
    'ERR_MODULE_NOT_FOUND',
    AS_FILES,
  ),
  row(
    'import() of a module that throws is rejected each time, with the same error',
    {
      'server.mjs':
        'export default async () => { const failed = () => import("./a.mjs").catch((error) => error); const [one, two] = [await failed(), await failed()]; return [one === two, one.message]; };',
      'a.mjs': 'throw new Error("no");',
    },
    [true, 'no'],
  ),
  row(
    'import() gives the same namespace each time',
    {
      'server.mjs':
        'import * as still from "./a.mjs"; export default async () => { const [one, two] = [await import("./a.mjs"), await import("./a.mjs")]; return one === two && one === still; };',
      'a.mjs': 'export const x = 1;',
    },
    true,
  ),
  row(
    'import() never runs at once',
    {
      'server.mjs':
        'export default async () => { const order = []; const p = import("./a.mjs").then(() => order.push("later")); order.push("now"); await p; return order; };',
      'a.mjs': 'export const x = 1;',
    },
    ['now', 'later'],
  ),
  row(
    'a namespace with `then` is awaited',
    {
      'server.mjs': 'export default () => import("./a.mjs");',
      'a.mjs': 'export const then = (resolve) => resolve("awaited");',
    },
    'awaited',
  ),
  row(
    'an error in the syntax of a file that is imported later is rejected',
    {
      'server.mjs': 'export default () => import("./a.mjs").then(() => "loaded", ({ name }) => name);',
      'a.mjs': 'export default {',
    },
    'SyntaxError',
    AS_FILES,
  ),
  row(
    'a module runs once, however it is imported',
    {
      'server.mjs':
        'import { count } from "./a.mjs"; import { count as again } from "./b/../a.mjs"; export default async () => [count, again, (await import("./a.mjs")).count];',
      'a.mjs': COUNTED,
      'b/none.mjs': '',
    },
    [1, 1, 1],
  ),
  row(
    'a link leads to the same module',
    {
      'server.mjs':
        'import { count } from "./once.mjs"; import { count as again } from "./link.mjs"; export default [count, again];',
      'once.mjs': COUNTED,
      'link.mjs': '-> once.mjs',
    },
    [1, 1],
  ),
  row(
    'a query makes another module',
    {
      'server.mjs':
        'import { url } from "./a.mjs"; import { url as other } from "./a.mjs?x=1"; export default [url, other].map((each) => each.replace(/.*\\//, ""));',
      'a.mjs': 'export const url = import.meta.url;',
    },
    ['a.mjs', 'a.mjs?x=1'],
  ),
  row(
    'a specifier is a URL',
    { 'server.mjs': 'import { x } from "./a%20b.mjs"; export default x;', 'a b.mjs': 'export const x = 1;' },
    1,
    AS_FILES,
  ),
  row(
    'a file without its extension is not found',
    { 'server.mjs': 'import { x } from "./a"; export default x;', 'a.mjs': 'export const x = 1;' },
    { fails: 'Error' },
    AS_FILES,
  ),
  row(
    'a file without its extension is not found, not even a .js',
    { 'server.mjs': 'import x from "./a"; export default x;', 'a.js': 'module.exports = 1;' },
    { fails: 'Error' },
    AS_FILES,
  ),
  row(
    'a folder is no module',
    { 'server.mjs': 'import x from "./a"; export default x;', 'a/index.js': 'module.exports = 1;' },
    { fails: 'Error' },
    AS_FILES,
  ),
  row(
    'CommonJS finds both',
    {
      'server.mjs': 'import x from "./a.cjs"; export default x;',
      'a.cjs': 'module.exports = [require("./b"), require("./c")];',
      'b.js': 'module.exports = 1;',
      'c/index.js': 'module.exports = 2;',
    },
    [1, 2],
  ),
  row(
    'a text file is no module',
    { 'server.mjs': 'import x from "./a.txt"; export default x;', 'a.txt': 'text' },
    { fails: 'TypeError' },
    AS_FILES,
  ),
  row(
    'JSON is a default export',
    {
      'server.mjs': 'import x from "./a.json" with { type: "json" }; export default x;',
      'a.json': '{"x":1}',
    },
    { x: 1 },
  ),
  row(
    'JSON has no other exports',
    {
      'server.mjs': 'import { x } from "./a.json" with { type: "json" }; export default x;',
      'a.json': '{"x":1}',
    },
    { fails: 'SyntaxError' },
    AS_FILES,
  ),
  row(
    'JSON needs an attribute',
    { 'server.mjs': 'import x from "./a.json"; export default x;', 'a.json': '{"x":1}' },
    { fails: 'TypeError' },
    AS_FILES,
  ),
  row(
    'JSON is one object',
    {
      'server.mjs':
        'import one from "./a.json" with { type: "json" }; import { two } from "./b.mjs"; export default one === two;',
      'b.mjs': 'import j from "./a.json" with { type: "json" }; export const two = j;',
      'a.json': '{"x":1}',
    },
    true,
  ),
  row(
    'createRequire loads JSON',
    {
      'server.mjs':
        'import { createRequire } from "node:module"; const load = createRequire(import.meta.url); export default load("./a.json").x;',
      'a.json': '{"x":1}',
    },
    1,
  ),
  row(
    'createRequire and import give one CommonJS module',
    {
      'server.mjs':
        'import { createRequire } from "node:module"; import one from "./a.cjs"; const require = createRequire(import.meta.url); export default one === require("./a.cjs");',
      'a.cjs': 'module.exports = {};',
    },
    true,
    AS_FILES,
  ),
  row(
    'a package is resolved for `import`',
    {
      'server.mjs': 'import x from "pkg"; export default x;',
      'node_modules/pkg/package.json':
        '{"exports":{"browser":"./c.mjs","module":"./c.mjs","import":"./a.mjs","default":"./b.cjs"}}',
      'node_modules/pkg/a.mjs': 'export default "import";',
      'node_modules/pkg/b.cjs': 'module.exports = "default";',
      'node_modules/pkg/c.mjs': 'export default "bundlers";',
    },
    'import',
  ),
  row(
    'a package is resolved for `require`',
    {
      'server.mjs': 'import x from "./a.cjs"; export default x;',
      'a.cjs': 'module.exports = require("pkg");',
      'node_modules/pkg/package.json': '{"exports":{"import":"./a.mjs","require":"./b.cjs"}}',
      'node_modules/pkg/a.mjs': 'export default "import";',
      'node_modules/pkg/b.cjs': 'module.exports = "require";',
    },
    'require',
  ),
  row(
    'a package is resolved for `node`',
    {
      'server.mjs': 'import x from "pkg"; export default x;',
      'node_modules/pkg/package.json': '{"exports":{"node":"./a.mjs","default":"./b.mjs"}}',
      'node_modules/pkg/a.mjs': 'export default "node";',
      'node_modules/pkg/b.mjs': 'export default "default";',
    },
    'node',
  ),
  row(
    'a package is resolved for `node-addons`',
    {
      'server.mjs': 'import x from "pkg"; export default x;',
      'node_modules/pkg/package.json': '{"exports":{"node-addons":"./a.mjs","default":"./b.mjs"}}',
      'node_modules/pkg/a.mjs': 'export default "node-addons";',
      'node_modules/pkg/b.mjs': 'export default "default";',
    },
    'node-addons',
  ),
  row(
    'fields for bundlers do not count',
    {
      'server.mjs': 'import x from "pkg"; export default x;',
      'node_modules/pkg/package.json': '{"main":"./a.js","module":"./b.mjs","browser":"./b.mjs"}',
      'node_modules/pkg/a.js': 'module.exports = "main";',
      'node_modules/pkg/b.mjs': 'export default "bundlers";',
    },
    'main',
  ),
  row(
    'what a package does not export is an error',
    {
      'server.mjs': 'import x from "pkg/b.mjs"; export default x;',
      'node_modules/pkg/package.json': '{"exports":"./a.mjs"}',
      'node_modules/pkg/a.mjs': '',
      'node_modules/pkg/b.mjs': 'export default 1;',
    },
    { fails: 'Error' },
    AS_FILES,
  ),
  row(
    'imports of the package itself',
    {
      'server.mjs': 'import x from "#x"; import y from "self/y"; export default [x, y];',
      'package.json': '{"name":"self","imports":{"#x":"./x.mjs"},"exports":{"./y":"./y.mjs"}}',
      'x.mjs': 'export default 1;',
      'y.mjs': 'export default 2;',
    },
    [1, 2],
  ),
  row(
    'an ES module has no require',
    'export default [typeof require, attempt(() => require("node:fs")), attempt(() => require("./a.cjs"))];',
    ['undefined', 'ReferenceError', 'ReferenceError'],
  ),
  row('top-level await', 'const x = await Promise.resolve(1); export default x;', 1),
  row(
    'for await at the top level',
    'const all = []; for await (const x of [Promise.resolve(1), 2]) all.push(x); export default all;',
    [1, 2],
  ),
  row(
    'modules that wait do so side by side',
    {
      'server.mjs': 'import "./a.mjs"; import "./b.mjs"; export default globalThis.semanticsWaiting;',
      'a.mjs':
        '(globalThis.semanticsWaiting ??= []).push("a begins"); await null; globalThis.semanticsWaiting.push("a ends");',
      'b.mjs':
        '(globalThis.semanticsWaiting ??= []).push("b begins"); await null; globalThis.semanticsWaiting.push("b ends");',
    },
    ['a begins', 'b begins', 'a ends', 'b ends'],
    AS_FILES,
  ),
  row(
    'what is thrown at the top level is the error of the import',
    'throw new RangeError("no"); export default 1;',
    { fails: 'RangeError' },
  ),
  row(
    'a rejection at the top level is the error of the import',
    'await Promise.reject(new RangeError("no")); export default 1;',
    { fails: 'RangeError' },
  ),
];
