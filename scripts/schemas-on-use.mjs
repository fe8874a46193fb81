// An esbuild plugin that makes the SDK build each of its zod schemas when it is first used. Its types.js builds all
// 150 when it is loaded, of which a session uses a dozen: they were half of a session thread's start and a
// sixth of its memory. What a schema is does not change: the same expression runs, later, once.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';
import { transform } from 'esbuild';
import { replaceEach } from './replace-each.mjs';
import { replaceNames, valuesOnUse } from './values-on-use.mjs';

/** Where the schemas live. */
const HOLDER = '$schemas';

const MODULE = { format: 'esm' };

/** @param typesFile absolute path of the SDK's types.js (the ES module) */
export function schemasOnUse(typesFile) {
  return {
    name: 'schemas-on-use',
    async setup({ onLoad }) {
      const { names, contents } = await deferSchemas(await readFile(typesFile, 'utf8'));
      onLoad({ filter: /[\\/]sdk[\\/]dist[\\/]esm[\\/].*\.js$/ }, async ({ path }) => {
        if (path === typesFile) return { contents };
        const source = await readFile(path, 'utf8');
        const text = PROTOCOL.test(path) ? changedProtocol(source) : source;
        return {
          contents: await useHolder(text, (source) => resolve(dirname(path), source) === typesFile, names),
        };
      });
      onLoad({ filter: /[\\/]workers[\\/]session[\\/].*\.ts$/ }, async ({ path }) => {
        const { code } = await transform(await readFile(path, 'utf8'), { loader: 'ts', target: 'node20.19' });
        return { contents: await useHolder(code, (source) => source === TYPES_MODULE, names) };
      });
    },
  };
}

const TYPES_MODULE = '@modelcontextprotocol/sdk/types.js';
const PROTOCOL = /[\\/]shared[\\/]protocol\.js$/;

/** What has to be found in the SDK's protocol layer, and what takes its place: a signal on its use, errors that say whose they are. */
const PROTOCOL_CHANGES = [
  ['const abortController = new AbortController();', 'const abortController = new $LazyAbort();'],
  ['signal: abortController.signal,', 'get signal() { return abortController.signal; },'],
  ...Array(5).fill(['abortController.signal.aborted', 'abortController.aborted']),
  [
    'const parsed = parseWithCompat(requestSchema, request);',
    'const parsed = $parseRequest(requestSchema, request);',
  ],
];

const LAZY_ABORT = fileURLToPath(new URL('../workers/session/node/lazy-abort.ts', import.meta.url));
const INVALID_PARAMS = fileURLToPath(new URL('../workers/session/sdk1/invalid-params.ts', import.meta.url));

function changedProtocol(text) {
  const names = { file: "the SDK's protocol.js", script: 'schemas-on-use.mjs' };
  const changed = replaceEach(text, PROTOCOL_CHANGES, names);
  return `${changed}
import { LazyAbort as $LazyAbort } from ${JSON.stringify(LAZY_ABORT)};
import { parseRequest as $parseRequest } from ${JSON.stringify(INVALID_PARAMS)};`;
}

/** `const X = <call>` at the top level becomes a getter, and each mention of X `$schemas.X`. */
async function deferSchemas(text) {
  const schemas = {};
  let rest = '';
  let end = 0;
  for (const statement of parse(text, { ecmaVersion: 'latest', sourceType: 'module' }).body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    const [variable] = declaration?.type === 'VariableDeclaration' ? declaration.declarations : [];
    if (variable === undefined || !isSchema(variable.init, schemas)) continue;
    schemas[variable.id.name] = text.slice(variable.init.start, variable.init.end);
    rest += text.slice(end, statement.start);
    end = statement.end;
  }
  const names = new Set(Object.keys(schemas));
  if (names.size === 0)
    throw new Error('the SDK declares its schemas in another way: see scripts/schemas-on-use.mjs');
  const deferred = `export ${valuesOnUse(HOLDER, schemas)}${rest}${text.slice(end)}`;
  return { names, contents: await replaceNames(deferred, HOLDER, names, MODULE) };
}

/** Made by a call, or another name for one that was. */
function isSchema(init, schemas) {
  return (
    init?.type === 'CallExpression' || (init?.type === 'Identifier' && Object.hasOwn(schemas, init.name))
  );
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
  return end === 0 ? text : replaceNames(rewritten + text.slice(end), HOLDER, used, MODULE);
}
