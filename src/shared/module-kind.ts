/** Whether a file is an ES module or CommonJS, by Node's rules (docs of packages, "Determining module system"). */
import { readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { Script } from 'node:vm';

export type ModuleKind = 'module' | 'commonjs';

/** V8's messages for a text that is not CommonJS; Node recognises it by the same words. */
const MODULE_SYNTAX = [
  'Cannot use import statement outside a module',
  "Unexpected token 'export'",
  "Cannot use 'import.meta' outside a module",
  'await is only valid in async functions and the top level bodies of modules',
];

/**
 * What makes a TypeScript file an ES module where its package does not say it. V8 cannot parse the file to find out, and
 * `import x = require()` and `export =` are CommonJS.
 */
const TYPESCRIPT_MODULE =
  /^[ \t]*(?:import\b(?!\s*\(|\s+(?:type\s+)?[\w$]+\s*=)|export\b(?!\s*=))|\bimport\s*\.\s*meta\b/m;

/** Synchronous, because the hooks that load TypeScript in a thread are. */
export class ModuleKinds {
  readonly #packageTypes = new Map<string, ModuleKind | undefined>();

  /** `undefined` for what is not a script, such as JSON. */
  of(path: string): ModuleKind | undefined {
    switch (extname(path)) {
      case '.mjs':
      case '.mts':
        return 'module';
      case '.cjs':
      case '.cts':
        return 'commonjs';
      case '.js':
      case '':
        return this.#packageType(dirname(path)) ?? syntaxOf(readFileSync(path, 'utf8'));
      case '.ts':
        return (
          this.#packageType(dirname(path)) ??
          (TYPESCRIPT_MODULE.test(readFileSync(path, 'utf8')) ? 'module' : 'commonjs')
        );
      default:
        return undefined;
    }
  }

  #packageType(folder: string): ModuleKind | undefined {
    if (this.#packageTypes.has(folder)) return this.#packageTypes.get(folder);
    const type = this.#readPackageType(folder);
    this.#packageTypes.set(folder, type);
    return type;
  }

  #readPackageType(folder: string): ModuleKind | undefined {
    if (basename(folder) === 'node_modules') return undefined;
    let text: string;
    try {
      text = readFileSync(join(folder, 'package.json'), 'utf8');
    } catch {
      // There is none: the parent folder decides.
      return dirname(folder) === folder ? undefined : this.#packageType(dirname(folder));
    }
    const { type } = JSON.parse(text) as { readonly type?: unknown };
    return type === 'module' || type === 'commonjs' ? type : undefined;
  }
}

/** Parses the text without running it. */
function syntaxOf(text: string): ModuleKind {
  try {
    new Script(
      `(function (exports, require, module, __filename, __dirname) {${text.replace(/^#!/, '//')}\n})`,
    );
    return 'commonjs';
  } catch (error) {
    const { message } = error as Error;
    return MODULE_SYNTAX.some((syntax) => message.includes(syntax)) ? 'module' : 'commonjs';
  }
}
