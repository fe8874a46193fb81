/** The names that Node gives the exports of a CommonJS file when an ES module imports it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { init, parse } from 'cjs-module-lexer';
import { isTypeScript } from '../shared/typescript/transpile.js';

/**
 * Found in its text, without running it, by the lexer that Node has too.
 * @param javaScript what a TypeScript file was transpiled to
 */
export async function commonJsNames(
  path: string,
  javaScript: (path: string) => Promise<string>,
): Promise<readonly string[]> {
  await init();
  const names = new Set<string>();
  const seen = new Set<string>();
  const pending = [path];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const { exports, reexports } = lexed(
      await (isTypeScript(next) ? javaScript(next) : readFileSync(next, 'utf8')),
    );
    for (const name of exports) names.add(name);
    const { resolve } = createRequire(next);
    for (const specifier of reexports) {
      const file = resolvedFile(resolve, specifier);
      if (file !== undefined) pending.push(file);
    }
  }
  names.delete('default');
  names.delete('module.exports');
  return [...names];
}

function lexed(text: string): ReturnType<typeof parse> {
  try {
    return parse(text);
  } catch {
    // As for Node, a file that the lexer cannot read has no names but `default`.
    return { exports: [], reexports: [] };
  }
}

/** Only CommonJS has names that can be found. */
function resolvedFile(resolve: NodeJS.RequireResolve, specifier: string): string | undefined {
  try {
    const file = resolve(specifier);
    return /\.c?js$/.test(file) ? file : undefined;
  } catch {
    // It will be missed when the file runs.
    return undefined;
  }
}
