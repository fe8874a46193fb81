// zod makes a constructor for each of its 127 kinds of schema when it is loaded; a session of the built-in server uses 52, nearly all
// of them after it is claimed. They were a quarter of what the bundle's own run takes, and half of what it allocates. Here each is made
// when it is first used. What a kind is does not change: the same expression runs, later, once.
import { parse } from 'acorn';
import { replaceNames, valuesOnUse } from './values-on-use.mjs';

const HOLDER = '$kinds';
const MAKE = '$constructor';

/**
 * @param text a bundle, where each kind is a variable of its own and mentioned by its name alone
 * @param options for esbuild
 */
export async function zodKindsOnUse(text, options) {
  const kinds = {};
  const cuts = [];
  const writes = {};
  const program = parse(text, { ecmaVersion: 'latest' });
  visit(program, (node) => {
    if (node.type === 'VariableDeclarator' && isKind(node.init)) {
      kinds[node.id.name] = text.slice(node.init.start, node.init.end);
      writes[node.id.name] = (writes[node.id.name] ?? 0) + 1;
    } else if (node.type === 'AssignmentExpression' && node.left.type === 'Identifier') {
      const { name } = node.left;
      writes[name] = (writes[name] ?? 0) + 1;
      if (!isKind(node.right)) return;
      kinds[name] = text.slice(node.right.start, node.right.end);
      cuts.push({ start: node.start, end: node.end, rest: '0' });
    }
  });
  const names = Object.keys(kinds);
  const again = names.find((name) => writes[name] !== 1);
  if (names.length < 100 || again !== undefined)
    throw new Error(`zod makes its kinds in another way (${again}): see scripts/zod-kinds-on-use.mjs`);
  visit(program, (node) => {
    if (node.type === 'VariableDeclaration') cuts.push(...declarationsOf(node, kinds));
  });
  // The text's own directive is its first statement no more.
  const deferred = `'use strict'; ${valuesOnUse(HOLDER, kinds)}${without(text, cuts)}`;
  return replaceNames(deferred, HOLDER, names, options);
}

function isKind(value) {
  return value?.type === 'CallExpression' && value.callee.name === MAKE;
}

/** The parts of `var a, b, c` that declare kinds, each with one comma. */
function declarationsOf({ start, end, declarations }, kinds) {
  const isOfKind = ({ id }) => id.type === 'Identifier' && Object.hasOwn(kinds, id.name);
  const kept = declarations.findIndex((declaration) => !isOfKind(declaration));
  if (kept === -1) return [{ start, end, rest: ';' }];
  return declarations.flatMap((declaration, index) => {
    if (!isOfKind(declaration)) return [];
    return index < kept
      ? [{ start: declaration.start, end: declarations[index + 1].start, rest: '' }]
      : [{ start: declarations[index - 1].end, end: declaration.end, rest: '' }];
  });
}

function without(text, cuts) {
  let left = '';
  let position = 0;
  for (const { start, end, rest } of cuts.sort((a, b) => a.start - b.start)) {
    if (start < position) throw new Error('one kind of zod within another: see scripts/zod-kinds-on-use.mjs');
    left += text.slice(position, start) + rest;
    position = end;
  }
  return left + text.slice(position);
}

function visit(node, see) {
  see(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string') visit(child, see);
    }
  }
}
