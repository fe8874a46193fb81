/**
 * An esbuild plugin that makes the SDK build each of its zod schemas on first use. Its types.js builds all 150 when it is
 * loaded, of which a session uses a dozen. The schemas do not change: each is built by the same expression, once, but later.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ImportDeclaration, parse } from 'acorn';
import { type Plugin, transform } from 'esbuild';
import { lazyValues, replaceNames, TARGET } from './lazy-values.js';

/** Where the schemas live. */
const HOLDER = '$schemas';
const MODULE = { format: 'esm' } as const;
const TYPES_MODULE = '@modelcontextprotocol/sdk/types.js';

/** @param typesFile absolute path of the SDK's types.js (the ES module) */
export function lazySchemas(typesFile: string): Plugin {
  return {
    name: 'lazy-schemas',
    async setup({ onLoad }) {
      const { names, contents } = await withLazySchemas(await readFile(typesFile, 'utf8'));
      onLoad({ filter: /[\\/]sdk[\\/]dist[\\/]esm[\\/].*\.js$/ }, async ({ path }) => {
        if (path === typesFile) return { contents };
        const isTypes = (source: unknown): boolean => resolve(dirname(path), String(source)) === typesFile;
        return { contents: await usingHolder(await readFile(path, 'utf8'), isTypes, names) };
      });
      onLoad({ filter: /[\\/]workers[\\/]session[\\/].*\.ts$/ }, async ({ path }) => {
        const { code } = await transform(await readFile(path, 'utf8'), { loader: 'ts', target: TARGET });
        return { contents: await usingHolder(code, (source) => source === TYPES_MODULE, names) };
      });
    },
  };
}

interface LazySchemas {
  readonly names: ReadonlySet<string>;
  readonly contents: string;
}

/**
 * `const X = <call>` at the top level becomes a getter, and each mention of X `$schemas.X`.
 * @throws {Error} where the text declares no schemas in that way
 */
export async function withLazySchemas(text: string): Promise<LazySchemas> {
  const schemas: Record<string, string> = {};
  let rest = '';
  let end = 0;
  for (const statement of parse(text, { ecmaVersion: 'latest', sourceType: 'module' }).body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    const [variable] = declaration?.type === 'VariableDeclaration' ? declaration.declarations : [];
    if (variable?.id.type !== 'Identifier' || !variable.init) continue;
    const { init } = variable;
    // Made by a call, or another name for one that was.
    const isSchema =
      init.type === 'CallExpression' || (init.type === 'Identifier' && Object.hasOwn(schemas, init.name));
    if (!isSchema) continue;
    schemas[variable.id.name] = text.slice(init.start, init.end);
    rest += text.slice(end, statement.start);
    end = statement.end;
  }
  const names = new Set(Object.keys(schemas));
  if (names.size === 0)
    throw new Error('the SDK declares its schemas in another way: see build/lazy-schemas.ts');
  const lazy = `export ${lazyValues(HOLDER, schemas)}${rest}${text.slice(end)}`;
  return { names, contents: await replaceNames(lazy, HOLDER, names, MODULE) };
}

/**
 * Imports the holder in place of the schemas, and takes them from there.
 * @throws {Error} for an import that names no schema as it is: `* as types`, `X as Y`
 */
export async function usingHolder(
  text: string,
  isTypes: (source: unknown) => boolean,
  schemas: ReadonlySet<string>,
): Promise<string> {
  const used: string[] = [];
  let rewritten = '';
  let end = 0;
  for (const statement of parse(text, { ecmaVersion: 'latest', sourceType: 'module' }).body) {
    if (statement.type !== 'ImportDeclaration' || !isTypes(statement.source.value)) continue;
    const imported = importedNames(statement);
    used.push(...imported.filter((name) => schemas.has(name)));
    const kept = [HOLDER, ...imported.filter((name) => !schemas.has(name))];
    rewritten += `${text.slice(end, statement.start)}import { ${kept.join(', ')} } from ${statement.source.raw};`;
    end = statement.end;
  }
  return end === 0 ? text : replaceNames(rewritten + text.slice(end), HOLDER, used, MODULE);
}

function importedNames({ specifiers, source }: ImportDeclaration): string[] {
  return specifiers.map((specifier) => {
    const { local } = specifier;
    if (
      specifier.type === 'ImportSpecifier' &&
      specifier.imported.type === 'Identifier' &&
      specifier.imported.name === local.name
    )
      return local.name;
    throw new Error(`an import of ${source.value} that build/lazy-schemas.ts does not know: ${local.name}`);
  });
}
