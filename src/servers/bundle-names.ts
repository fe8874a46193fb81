/**
 * Takes from a bundle what esbuild puts into it to be on the safe side: each function's name, given explicitly. It is
 * replaced by as many blanks, so that the source map stays valid.
 */
import { type AnyNode, type Identifier, type Literal, parse } from 'acorn';

interface Visit {
  readonly node: AnyNode;
  readonly parent: AnyNode | undefined;
}

/**
 * A name is needless if JavaScript gives the same one. It would cost each thread more than a kilobyte, and a function
 * whose text runs elsewhere, such as in a browser, would fail with it.
 */
export function withoutNeedlessCode(text: string, sourceType: 'module' | 'script'): string {
  const blanks: (readonly [start: number, end: number])[] = [];
  for (const { node, parent } of nodes(text, sourceType)) {
    if (node.type === 'CallExpression' && isNamed(node.callee, '__name')) {
      const [target, name] = node.arguments;
      if (target === undefined || !isText(name)) continue;
      if (parent?.type === 'ExpressionStatement') {
        if (isNamed(target, name.value)) blanks.push([parent.start, parent.end]);
      } else if (isNeedless(target, name.value, parent, node)) {
        blanks.push([node.start, target.start], [target.end, node.end]);
      }
    } else if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') {
      const block = node.body.body[0];
      const [statement] = block?.type === 'StaticBlock' ? block.body : [];
      const call = statement?.type === 'ExpressionStatement' ? statement.expression : undefined;
      if (block === undefined || call?.type !== 'CallExpression' || !isNamed(call.callee, '__name')) continue;
      const [target, name] = call.arguments;
      if (target?.type !== 'ThisExpression' || !isText(name)) continue;
      const own = node.id?.name ?? nameFrom(parent, node);
      if (own === name.value) blanks.push([block.start, block.end]);
    }
  }
  return blanked(text, blanks);
}

function isNeedless(target: AnyNode, name: string, parent: AnyNode | undefined, call: AnyNode): boolean {
  switch (target.type) {
    case 'FunctionExpression':
    case 'ClassExpression':
      return (target.id?.name ?? nameFrom(parent, call)) === name;
    case 'ArrowFunctionExpression':
      return nameFrom(parent, call) === name;
    default:
      return false;
  }
}

/** The name that a function without one gets from where it stands (ECMA-262, "NamedEvaluation"). */
function nameFrom(parent: AnyNode | undefined, value: AnyNode): string | undefined {
  switch (parent?.type) {
    case 'VariableDeclarator':
      return parent.init === value ? nameOf(parent.id) : undefined;
    case 'AssignmentExpression':
      return parent.right === value && /^(?:|&&|\|\||\?\?)=$/.test(parent.operator)
        ? nameOf(parent.left)
        : undefined;
    case 'AssignmentPattern':
      return parent.right === value ? nameOf(parent.left) : undefined;
    case 'Property':
    case 'PropertyDefinition':
      return parent.value === value && !parent.computed ? keyOf(parent.key) : undefined;
    default:
      return undefined;
  }
}

function keyOf(key: AnyNode): string | undefined {
  if (key.type === 'PrivateIdentifier') return `#${key.name}`;
  return isText(key) ? key.value : nameOf(key);
}

function nameOf(node: AnyNode): string | undefined {
  return node.type === 'Identifier' ? node.name : undefined;
}

function isNamed(node: AnyNode, name: string): node is Identifier {
  return node.type === 'Identifier' && node.name === name;
}

function isText(node: AnyNode | undefined): node is Literal & { value: string } {
  return node?.type === 'Literal' && typeof node.value === 'string';
}

/** Every node, without recursion: an expression can be nested deeper than the stack is. */
function* nodes(text: string, sourceType: 'module' | 'script'): Generator<Visit> {
  const root = parse(text, {
    ecmaVersion: 'latest',
    sourceType,
    allowAwaitOutsideFunction: true,
    allowReturnOutsideFunction: true,
    allowHashBang: true,
  });
  const pending: Visit[] = [{ node: root, parent: undefined }];
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    yield visit;
    for (const child of childrenOf(visit.node)) pending.push({ node: child, parent: visit.node });
  }
}

export function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node)
    .flatMap((value: unknown) => (Array.isArray(value) ? value : [value]))
    .filter(isNode);
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function blanked(text: string, ranges: readonly (readonly [start: number, end: number])[]): string {
  let result = '';
  let from = 0;
  for (const [start, end] of ranges.toSorted(([a], [b]) => a - b)) {
    result += text.slice(from, start) + ' '.repeat(end - start);
    from = end;
  }
  return result + text.slice(from);
}
