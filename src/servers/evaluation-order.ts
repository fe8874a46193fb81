/**
 * Finds code that uses a binding before it has a value. In a file that is a `ReferenceError`; in a bundle, whose variables
 * are all declared at once, it would be `undefined`. Packages are not searched: none is published that cannot be imported.
 */
import { resolve } from 'node:path';
import {
  type AnonymousFunctionDeclaration,
  type AnyNode,
  type ArrowFunctionExpression,
  type FunctionDeclaration,
  type FunctionExpression,
  type Pattern,
  type Program,
  parse,
} from 'acorn';
import type { Metafile } from 'esbuild';
import { NotBundled } from './not-bundled.js';

type FunctionNode =
  | FunctionDeclaration
  | AnonymousFunctionDeclaration
  | FunctionExpression
  | ArrowFunctionExpression;

/** What runs while a module is evaluated, in the order of its text. */
interface EarlyUses {
  /** A binding of the module itself that has no value yet. */
  readonly before: string | undefined;
  /** The specifiers of the imports that are used, by one of their names. */
  readonly imports: ReadonlyMap<string, string>;
}

/**
 * @param entry path of the first module
 * @param texts the files to search, by path
 * @throws {NotBundled} for what would fail as files
 */
export function assertOrder(entry: string, texts: ReadonlyMap<string, string>, { inputs }: Metafile): void {
  const turns = evaluationOrder(entry, inputs);
  const files = new Map(Object.keys(inputs).map((input) => [resolve(input), inputs[input]?.imports ?? []]));
  for (const [path, text] of texts) {
    const turn = turns.get(path);
    if (turn === undefined) continue;
    const { before, imports } = earlyUses(text);
    if (before !== undefined) throw new NotBundled(`${path} uses ${before} before its declaration`);
    for (const { original, path: imported } of files.get(path) ?? []) {
      const name = original === undefined ? undefined : imports.get(original);
      if (name === undefined || (turns.get(resolve(imported)) ?? 0) < turn) continue;
      throw new NotBundled(
        `${path} uses ${name} of ${original} before that file has run: they import each other`,
      );
    }
  }
}

/** ES modules run after what they import, in the order of the imports. */
function evaluationOrder(entry: string, inputs: Metafile['inputs']): ReadonlyMap<string, number> {
  const byPath = new Map(Object.keys(inputs).map((input) => [resolve(input), inputs[input]]));
  const turns = new Map<string, number>();
  const entered = new Set<string>();
  // Without recursion: how deep imports are nested is the author's.
  const enter = (path: string): { path: string; rest: string[] } => {
    entered.add(path);
    const imports = byPath.get(path)?.imports ?? [];
    const rest = imports.filter(({ kind }) => kind === 'import-statement').map((each) => resolve(each.path));
    return { path, rest };
  };
  // Modules that only `import()` reaches run later; each is the first of its own graph.
  for (const first of [entry, ...byPath.keys()]) {
    const open = entered.has(first) ? [] : [enter(first)];
    for (let current = open.at(-1); current !== undefined; current = open.at(-1)) {
      const next = current.rest.shift();
      if (next === undefined) {
        turns.set(current.path, turns.size);
        open.pop();
      } else if (!entered.has(next)) open.push(enter(next));
    }
  }
  return turns;
}

interface Names {
  /** Where each lexical binding of the top level gets its value. */
  readonly valueAt: Map<string, number>;
  readonly functions: Map<string, FunctionNode>;
  /** Specifiers by local names. */
  readonly imported: Map<string, string>;
}

/** A part of the text that runs now, with the names that are not those of the top level in it. */
interface Running {
  readonly node: AnyNode;
  /** Where in the order of the text it runs; `undefined`: where it stands. */
  readonly at: number | undefined;
  readonly hidden: ReadonlySet<string>;
}

function earlyUses(text: string): EarlyUses {
  const program = parse(text, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true });
  const names = topLevelNames(program);
  const imports = new Map<string, string>();
  const called = new Set<string>();
  const pending: Running[] = program.body.map((node) => ({ node, at: undefined, hidden: new Set<string>() }));
  let before: string | undefined;
  for (let running = pending.pop(); running !== undefined; running = pending.pop()) {
    const { node, at, hidden } = running;
    if (node.type === 'Identifier' && !hidden.has(node.name)) {
      if ((names.valueAt.get(node.name) ?? 0) > (at ?? node.start)) before = node.name;
      const specifier = names.imported.get(node.name);
      if (specifier !== undefined) imports.set(specifier, node.name);
    }
    if (node.type === 'CallExpression' && node.callee.type === 'Identifier') {
      const { name, start } = node.callee;
      const body = hidden.has(name) ? undefined : names.functions.get(name);
      if (body !== undefined && !called.has(name)) {
        called.add(name);
        pending.push(...bodyOf(body, at ?? start, hidden));
      }
    }
    if (node.type === 'CallExpression' && isFunction(node.callee))
      pending.push(...bodyOf(node.callee, at ?? node.callee.start, hidden));
    for (const child of runningChildren(node)) {
      pending.push({ node: child, at, hidden: opensScope(node) ? union(hidden, declaredIn(node)) : hidden });
    }
  }
  return { before, imports };
}

function bodyOf(node: FunctionNode, at: number, hidden: ReadonlySet<string>): Running[] {
  if (node.generator || node.async) return [];
  const inside = union(hidden, declaredIn(node));
  return [...node.params, node.body].map((part) => ({ node: part, at, hidden: inside }));
}

/** What of a node runs with it, and is a use if it is a name. */
function runningChildren(node: AnyNode): AnyNode[] {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportSpecifier':
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
      return node.type === 'LabeledStatement' ? [node.body] : [];
    case 'ExportNamedDeclaration':
      return node.declaration ? [node.declaration] : [];
    case 'VariableDeclarator':
      return [...defaultsIn(node.id), ...(node.init ? [node.init] : [])];
    case 'ClassDeclaration':
    case 'ClassExpression':
      return [...(node.superClass ? [node.superClass] : []), node.body];
    case 'MethodDefinition':
      return node.computed ? [node.key] : [];
    case 'PropertyDefinition':
      return [...(node.computed ? [node.key] : []), ...(node.static && node.value ? [node.value] : [])];
    case 'Property':
      return [...(node.computed ? [node.key] : []), node.value];
    case 'MemberExpression':
      return node.computed ? [node.object, node.property] : [node.object];
    default:
      return childrenOf(node);
  }
}

/** Names in a pattern are declared, but its defaults run. */
function defaultsIn(pattern: Pattern): AnyNode[] {
  if (pattern.type === 'Identifier') return [];
  if (pattern.type === 'AssignmentPattern') return [...defaultsIn(pattern.left), pattern.right];
  if (pattern.type === 'RestElement') return defaultsIn(pattern.argument);
  if (pattern.type === 'ArrayPattern')
    return pattern.elements.flatMap((each) => (each ? defaultsIn(each) : []));
  if (pattern.type !== 'ObjectPattern') return [pattern];
  return pattern.properties.flatMap((each) =>
    each.type === 'RestElement'
      ? defaultsIn(each)
      : [...(each.computed ? [each.key] : []), ...defaultsIn(each.value)],
  );
}

function topLevelNames(program: Program): Names {
  const names: Names = { valueAt: new Map(), functions: new Map(), imported: new Map() };
  for (const statement of program.body) {
    if (statement.type === 'ImportDeclaration') {
      for (const { local } of statement.specifiers)
        names.imported.set(local.name, String(statement.source.value));
      continue;
    }
    const isExport =
      statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration';
    const declared = isExport ? statement.declaration : statement;
    if (declared?.type === 'FunctionDeclaration' && declared.id)
      names.functions.set(declared.id.name, declared);
    // Inside of its own body a class can be used.
    if (declared?.type === 'ClassDeclaration' && declared.id)
      names.valueAt.set(declared.id.name, declared.start);
    if (declared?.type !== 'VariableDeclaration' || declared.kind === 'var') continue;
    for (const { id, end } of declared.declarations) {
      for (const name of patternNames(id)) names.valueAt.set(name, end);
    }
  }
  return names;
}

function patternNames(pattern: Pattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'AssignmentPattern':
      return patternNames(pattern.left);
    case 'RestElement':
      return patternNames(pattern.argument);
    case 'ArrayPattern':
      return pattern.elements.flatMap((each) => (each ? patternNames(each) : []));
    case 'ObjectPattern':
      return pattern.properties.flatMap((each) =>
        patternNames(each.type === 'RestElement' ? each : each.value),
      );
    default:
      return [];
  }
}

function opensScope(node: AnyNode): boolean {
  return /^(?:BlockStatement|StaticBlock|For\w*Statement|SwitchStatement|CatchClause)$/.test(node.type);
}

/** All names that are declared somewhere in it, other than in functions: more than are hidden, but none too few. */
function declaredIn(scope: AnyNode): Set<string> {
  const found = new Set<string>();
  if (isFunction(scope)) for (const name of scope.params.flatMap(patternNames)) found.add(name);
  if (scope.type === 'CatchClause' && scope.param)
    for (const name of patternNames(scope.param)) found.add(name);
  const pending = childrenOf(scope);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node.type === 'VariableDeclarator') for (const name of patternNames(node.id)) found.add(name);
    if ((node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && node.id)
      found.add(node.id.name);
    if (!isFunction(node)) pending.push(...childrenOf(node));
  }
  return found;
}

function isFunction(node: AnyNode): node is FunctionNode {
  return /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

function union(one: ReadonlySet<string>, other: ReadonlySet<string>): Set<string> {
  return new Set([...one, ...other]);
}

function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = [];
  for (const value of Object.values(node) as unknown[]) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value])
      if (isNode(child)) children.push(child);
  }
  return children;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}
