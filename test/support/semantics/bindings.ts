import { AS_FILES, type Row, row } from './rows.js';

/** Bindings, their order, and cycles. */
export const BINDINGS: readonly Row[] = [
  row(
    'an import shows what its module assigns later',
    {
      'server.mjs': 'import { n, add } from "./a.mjs"; add(); add(); export default n;',
      'a.mjs': 'export let n = 0; export function add() { n += 1; }',
    },
    2,
  ),
  row(
    'an import that was renamed does as well',
    {
      'server.mjs': 'import { n as m, add } from "./b.mjs"; add(); export default m;',
      'b.mjs': 'export { n, add } from "./a.mjs";',
      'a.mjs': 'export let n = 0; export function add() { n += 1; }',
    },
    1,
  ),
  row(
    'a default export of an expression keeps its first value',
    {
      'server.mjs': 'import n, { add } from "./a.mjs"; add(); export default n;',
      'a.mjs': 'let n = 0; export default n; export function add() { n += 1; }',
    },
    0,
  ),
  row(
    'a default export of a name shows what is assigned',
    {
      'server.mjs': 'import n, { add } from "./a.mjs"; add(); export default n;',
      'a.mjs': 'let n = 0; export { n as default }; export function add() { n += 1; }',
    },
    1,
  ),
  row(
    'an import cannot be assigned',
    { 'server.mjs': 'import { n } from "./a.mjs"; n = 1; export default n;', 'a.mjs': 'export let n = 0;' },
    { fails: 'TypeError' },
    AS_FILES,
  ),
  row(
    'a module cannot be assigned through its namespace',
    {
      'server.mjs': 'import * as a from "./a.mjs"; export default attempt(() => { a["n"] = 1; });',
      'a.mjs': 'export let n = 0;',
    },
    'TypeError',
    AS_FILES,
  ),
  row(
    'a missing name is an error',
    {
      'server.mjs': 'import { nowhere } from "./a.mjs"; export default nowhere;',
      'a.mjs': 'export let n = 0;',
    },
    { fails: 'SyntaxError' },
    AS_FILES,
  ),
  row(
    'a missing name of Node is an error',
    'import { nowhere } from "node:fs"; export default typeof nowhere;',
    { fails: 'SyntaxError' },
    AS_FILES,
  ),
  row(
    'a missing file is an error',
    'import "./nowhere.mjs"; export default 1;',
    { fails: 'Error' },
    AS_FILES,
  ),
  row(
    'a variable is used before its declaration',
    'const first = typeof later; let later = 1; export default first;',
    { fails: 'ReferenceError' },
    AS_FILES,
  ),
  row(
    'a class is used before its declaration',
    'const made = new Later(); class Later {} export default made;',
    { fails: 'ReferenceError' },
    AS_FILES,
  ),
  row(
    'a function that is called early uses a later variable',
    'const first = read(); let later = 1; function read() { return later; } export default first;',
    { fails: 'ReferenceError' },
    AS_FILES,
  ),
  row(
    'a function that is called late uses a later variable',
    'const read = () => later; let later = 1; export default read();',
    1,
  ),
  row(
    'a variable of `var` is undefined before its value',
    'const first = [early]; var early = 1; export default first;',
    [null],
  ),
  row(
    'a function can be called before its declaration',
    'export default early(); function early() { return 1; }',
    1,
  ),
  row('a class has its own name inside', 'class A { static own = A.name; } export default A.own;', 'A'),
  row(
    'modules that import each other share functions',
    {
      'server.mjs': 'import { even } from "./even.mjs"; export default even(10);',
      'even.mjs':
        'import { odd } from "./odd.mjs"; export function even(n) { return n === 0 || odd(n - 1); }',
      'odd.mjs':
        'import { even } from "./even.mjs"; export function odd(n) { return n !== 0 && even(n - 1); }',
    },
    true,
  ),
  row(
    'a function can be called before its module has run',
    {
      'server.mjs': 'import { f } from "./b.mjs"; export function g() { return "early"; } export default f;',
      'b.mjs': 'import { g } from "./server.mjs"; export const f = g();',
    },
    'early',
    AS_FILES,
  ),
  row(
    'a variable of a module that has not run is an error',
    {
      'server.mjs': 'import { f } from "./b.mjs"; export const g = 1; export default f;',
      'b.mjs': 'import { g } from "./server.mjs"; export const f = g;',
    },
    { fails: 'ReferenceError' },
    AS_FILES,
  ),
  row(
    'a class of a module that has not run cannot be extended',
    {
      'server.mjs': 'import { B } from "./b.mjs"; export class A {} export default B.name;',
      'b.mjs': 'import { A } from "./server.mjs"; export class B extends A {}',
    },
    { fails: 'ReferenceError' },
    AS_FILES,
  ),
  row(
    'modules run in the order of their imports',
    {
      'server.mjs': 'import "./a.mjs"; import "./b.mjs"; export default globalThis.semanticsOrder1;',
      'a.mjs': 'import "./c.mjs"; (globalThis.semanticsOrder1 ??= []).push("a");',
      'b.mjs': '(globalThis.semanticsOrder1 ??= []).push("b");',
      'c.mjs': '(globalThis.semanticsOrder1 ??= []).push("c");',
    },
    ['c', 'a', 'b'],
  ),
  row(
    'CommonJS runs at its turn',
    {
      'server.mjs':
        'import "./a.cjs"; import "./b.mjs"; import "./c.cjs"; export default globalThis.semanticsOrder2;',
      'a.cjs': '(globalThis.semanticsOrder2 ??= []).push("a");',
      'b.mjs': '(globalThis.semanticsOrder2 ??= []).push("b");',
      'c.cjs': '(globalThis.semanticsOrder2 ??= []).push("c");',
    },
    ['a', 'b', 'c'],
  ),
  row(
    'a module that is also imported later runs at its turn',
    {
      'server.mjs':
        'import "./a.mjs"; import "./b.mjs"; export default async () => { await import("./a.mjs"); return globalThis.semanticsOrder3; };',
      'a.mjs': '(globalThis.semanticsOrder3 ??= []).push("a");',
      'b.mjs': '(globalThis.semanticsOrder3 ??= []).push("b");',
    },
    ['a', 'b'],
  ),
  row(
    'imports run before the code above them',
    {
      'server.mjs':
        '(globalThis.semanticsOrder4 ??= []).push("own"); import "./a.mjs"; export default globalThis.semanticsOrder4;',
      'a.mjs': '(globalThis.semanticsOrder4 ??= []).push("a");',
    },
    ['a', 'own'],
  ),
  row(
    'an import whose names are not used runs',
    {
      'server.mjs': 'import { unused } from "./a.mjs"; export default globalThis.semanticsUnused;',
      'a.mjs': 'export const unused = 1; globalThis.semanticsUnused = "ran";',
    },
    'ran',
  ),
  row(
    'a package that says it has no side effects runs',
    {
      'server.mjs': 'import "pkg"; export default globalThis.semanticsPure;',
      'node_modules/pkg/package.json': '{"type":"module","main":"./main.js","sideEffects":false}',
      'node_modules/pkg/main.js': 'globalThis.semanticsPure = "ran";',
    },
    'ran',
  ),
  row(
    'a call that says it is pure runs',
    'const unused = /* @__PURE__ */ (() => { globalThis.semanticsCall = "ran"; })(); export default globalThis.semanticsCall;',
    'ran',
  ),
  row(
    'a getter that nobody reads runs when it is read',
    'const o = { get x() { globalThis.semanticsGetter = 1; } }; o.x; export default globalThis.semanticsGetter;',
    1,
  ),
  row(
    '`export *` leaves out the default and what is there already',
    {
      'server.mjs': 'import * as all from "./b.mjs"; export default Object.keys(all);',
      'b.mjs': 'export * from "./a.mjs"; export const own = 1;',
      'a.mjs': 'export default 0; export const own = 0; export const other = 1;',
    },
    ['other', 'own'],
  ),
  row(
    '`export *` leaves out what two modules have',
    {
      'server.mjs': 'import * as all from "./c.mjs"; export default Object.keys(all);',
      'c.mjs': 'export * from "./a.mjs"; export * from "./b.mjs";',
      'a.mjs': 'export const same = 1; export const a = 1;',
      'b.mjs': 'export const same = 2; export const b = 1;',
    },
    ['a', 'b'],
  ),
  row(
    '`export * as` makes a namespace',
    {
      'server.mjs': 'import { inner } from "./b.mjs"; export default Object.keys(inner);',
      'b.mjs': 'export * as inner from "./a.mjs";',
      'a.mjs': 'export const z = 1, a = 2;',
    },
    ['a', 'z'],
  ),
  row(
    'names may be any text',
    {
      'server.mjs': 'import { "any text" as x } from "./a.mjs"; export default x;',
      'a.mjs': 'const x = 1; export { x as "any text" };',
    },
    1,
  ),
];
