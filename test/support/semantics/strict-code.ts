import { AS_FILES, type Row, row } from './rows.js';

/** Strict code, and the one thing that is not strict: CommonJS. */
export const STRICT_CODE: readonly Row[] = [
  row('`this` is undefined at the top level', 'export default this === undefined;', true),
  row(
    '`this` is undefined in a function that is called without one',
    'function f() { return this === undefined; } export default f();',
    true,
  ),
  row(
    'a primitive `this` stays one',
    'function f() { return typeof this; } export default f.call(1);',
    'number',
  ),
  row(
    'an assignment to what is not declared fails',
    'export default attempt(() => { semanticsNotDeclared = 1; });',
    'ReferenceError',
  ),
  row(
    'an assignment to a frozen property fails',
    'export default attempt(() => { Object.freeze({ a: 1 }).a = 2; });',
    'TypeError',
  ),
  row(
    'an assignment to a getter fails',
    'export default attempt(() => { ({ get a() { return 1; } }).a = 2; });',
    'TypeError',
  ),
  row(
    'an assignment to a property of a string fails',
    'export default attempt(() => { "x".length = 2; });',
    'TypeError',
  ),
  row(
    'a new property of what cannot be extended fails',
    'export default attempt(() => { Object.preventExtensions({}).a = 2; });',
    'TypeError',
  ),
  row(
    'a property that stays cannot be deleted',
    'export default attempt(() => delete Object.freeze({ a: 1 }).a);',
    'TypeError',
  ),
  row(
    'arguments and parameters are apart',
    'function f(a) { a = 2; return arguments[0]; } export default f(1);',
    1,
  ),
  row(
    'arguments.callee fails',
    'function f() { return arguments.callee; } export default attempt(f);',
    'TypeError',
  ),
  row('octal numbers are errors', 'export default 010;', { fails: 'SyntaxError' }, AS_FILES),
  row('octal escapes are errors', 'export default "\\01";', { fails: 'SyntaxError' }, AS_FILES),
  row('`with` is an error', 'with ({}) {} export default 1;', { fails: 'SyntaxError' }, AS_FILES),
  row('a name cannot be deleted', 'let x; delete x; export default 1;', { fails: 'SyntaxError' }, AS_FILES),
  row(
    'two parameters of one name are errors',
    'function f(a, a) {} export default f;',
    { fails: 'SyntaxError' },
    AS_FILES,
  ),
  row('`eval` cannot be assigned', 'eval = 1; export default 1;', { fails: 'SyntaxError' }, AS_FILES),
  row('`await` is no name', 'const await = 1; export default 1;', { fails: 'SyntaxError' }, AS_FILES),
  row('`let` is no name', 'var let = 1; export default 1;', { fails: 'SyntaxError' }, AS_FILES),
  row(
    'a function in a block stays in it',
    '{ function inner() {} } export default typeof inner;',
    'undefined',
  ),
  row(
    'eval is strict, and sees what is around it',
    'const x = 5; export default [eval("x"), eval("(function () { return this === undefined; })()")];',
    [5, true],
    AS_FILES,
  ),
  row('eval keeps its variables', 'eval("var made = 1"); export default typeof made;', 'undefined', AS_FILES),
  row(
    'indirect eval is not strict and sees no module',
    'const hidden = 1; const run = eval; export default [run("typeof hidden"), run("(function () { return this === globalThis; })()")];',
    ['undefined', true],
  ),
  row(
    'new Function is not strict and sees no module',
    'const hidden = 1; export default new Function("return [typeof hidden, this === globalThis]")();',
    ['undefined', true],
  ),
  row(
    'CommonJS is not strict',
    {
      'server.mjs': 'import facts from "./a.cjs"; export default facts;',
      'a.cjs': 'function f(a, a) { return [a, 010, this === globalThis]; } module.exports = f(1, 2);',
    },
    [2, 8, true],
  ),
  row(
    'CommonJS with a directive is strict',
    {
      'server.mjs': 'import facts from "./a.cjs"; export default facts;',
      'a.cjs': '"use strict"; module.exports = (function () { return this === undefined; })();',
    },
    true,
  ),
  row(
    'functions of CommonJS stay what they are when an ES module calls them',
    {
      'server.mjs': 'import { f } from "./a.cjs"; export default f();',
      'a.cjs': 'exports.f = function () { return this === undefined || typeof this; };',
    },
    'object',
  ),
  row(
    'in CommonJS, an assignment to what is not declared makes a global',
    {
      'server.mjs': 'import "./a.cjs"; export default globalThis.semanticsLeak;',
      'a.cjs': 'semanticsLeak = 7;',
    },
    7,
  ),
  row(
    'a variable of the top level is no global',
    'var semanticsVar = 1; export default "semanticsVar" in globalThis;',
    false,
  ),
  row(
    'a constant cannot be assigned',
    'const x = 1; x = 2; export default x;',
    { fails: 'TypeError' },
    AS_FILES,
  ),
  row(
    'a constant cannot be assigned in a function',
    'const x = 1; const f = () => { x = 2; }; export default attempt(f);',
    'TypeError',
    AS_FILES,
  ),
  row('typeof of what is not declared is no error', 'export default typeof semanticsNowhere;', 'undefined'),
  row(
    'class bodies are strict, also in CommonJS',
    {
      'server.mjs': 'import facts from "./a.cjs"; export default facts;',
      'a.cjs': 'class A { static f() { return this === undefined; } } const { f } = A; module.exports = f();',
    },
    true,
  ),
];
