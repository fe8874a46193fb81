// An esbuild plugin that makes the SDK build each of its zod schemas when it is first used. Its types.js builds all
// 150 when it is loaded, of which a session uses a dozen: they were half of a session thread's start and a
// sixth of its memory. What a schema is does not change: the same expression runs, later, once.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';
import { transform } from 'esbuild';
import { replaceEach } from './replace-each.mjs';

/** Where the schemas live: an object with a getter for each, which replaces itself by its value. */
const HOLDER = '$schemas';
const PRELUDE = `export const ${HOLDER} = {};
function $onUse(name, make) {
  Object.defineProperty(${HOLDER}, name, {
    configurable: true,
    get() {
      const value = make();
      Object.defineProperty(${HOLDER}, name, { value });
      return value;
    },
  });
}
`;

/** @param typesFile absolute path of the SDK's types.js (the ES module) */
export function schemasOnUse(typesFile) {
  return {
    name: 'schemas-on-use',
    async setup({ onLoad }) {
      const { names, contents } = await deferSchemas(await readFile(typesFile, 'utf8'));
      onLoad({ filter: /[\\/]sdk[\\/]dist[\\/]esm[\\/].*\.js$/ }, async ({ path }) => {
        if (path === typesFile) return { contents };
        const source = await readFile(path, 'utf8');
        const text = PROTOCOL.test(path) ? signalOnUse(source) : source;
        return {
          contents: await useHolder(text, (source) => resolve(dirname(path), source) === typesFile, names),
        };
      });
      onLoad({ filter: /[\\/]workers[\\/][^\\/]*\.ts$/ }, async ({ path }) => {
        const { code } = await transform(await readFile(path, 'utf8'), { loader: 'ts', target: 'node20.19' });
        return { contents: await useHolder(code, (source) => source === TYPES_MODULE, names) };
      });
    },
  };
}

const TYPES_MODULE = '@modelcontextprotocol/sdk/types.js';
const PROTOCOL = /[\\/]shared[\\/]protocol\.js$/;

/** What has to be found in the SDK's protocol layer, and what takes its place. */
const SIGNAL_ON_USE = [
  ['const abortController = new AbortController();', 'const abortController = new $AbortOnUse();'],
  ['signal: abortController.signal,', 'get signal() { return abortController.signal; },'],
  ...Array(5).fill(['abortController.signal.aborted', 'abortController.aborted']),
];

const ABORT_ON_USE = fileURLToPath(new URL('../workers/abort-on-use.ts', import.meta.url));

function signalOnUse(text) {
  const names = { file: "the SDK's protocol.js", script: 'schemas-on-use.mjs' };
  const changed = replaceEach(text, SIGNAL_ON_USE, names);
  return `${changed}\nimport { AbortOnUse as $AbortOnUse } from ${JSON.stringify(ABORT_ON_USE)};`;
}

/** `const X = <call>` at the top level becomes `$onUse("X", () => <call>)`, and each mention of X `$schemas.X`. */
async function deferSchemas(text) {
  const names = [];
  let deferred = PRELUDE;
  let end = 0;
  for (const statement of parse(text, { ecmaVersion: 'latest', sourceType: 'module' }).body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    const [variable] = declaration?.type === 'VariableDeclaration' ? declaration.declarations : [];
    if (variable === undefined || !isSchema(variable.init, names)) continue;
    const { name } = variable.id;
    names.push(name);
    deferred += `${text.slice(end, statement.start)}$onUse(${JSON.stringify(name)}, () => ${text.slice(variable.init.start, variable.init.end)});`;
    end = statement.end;
  }
  if (names.length === 0)
    throw new Error('the SDK declares its schemas in another way: see scripts/schemas-on-use.mjs');
  return { names: new Set(names), contents: await replaceNames(deferred + text.slice(end), names) };
}

/** Made by a call, or another name for one that was. */
function isSchema(init, names) {
  return init?.type === 'CallExpression' || (init?.type === 'Identifier' && names.includes(init.name));
}

/** Imports the holder in place of the schemas, and takes them from there. */
async function useHolder(text, isTypes, schemas) {
  const used = [];
  let rewritten = '';
  let end = 0;
  for (const statement of parse(text, { ecmaVersion: 'latest', sourceType: 'module' }).body) {
    if (statement.type !== 'ImportDeclaration' || !isTypes(statement.source.value)) continue;
    const kept = [HOLDER];
    for (const { type, imported, local } of statement.specifiers) {
      if (type !== 'ImportSpecifier' || imported.name !== local.name) {
        throw new Error(
          `an import of ${statement.source.value} that scripts/schemas-on-use.mjs does not know`,
        );
      }
      (schemas.has(local.name) ? used : kept).push(local.name);
    }
    rewritten += `${text.slice(end, statement.start)}import { ${kept.join(', ')} } from ${statement.source.raw};`;
    end = statement.end;
  }
  return end === 0 ? text : replaceNames(rewritten + text.slice(end), used);
}

/** Names without a declaration become members of the holder; esbuild knows which mention is which. */
async function replaceNames(text, names) {
  const define = Object.fromEntries([...names].map((name) => [name, `${HOLDER}.${name}`]));
  return (await transform(text, { define, format: 'esm', target: 'node20.19' })).code;
}
