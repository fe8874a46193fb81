/** Whether a file is an ES module or CommonJS, by Node's rules (docs of packages, "Determining module system"). */
import { readFile } from 'node:fs/promises';
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

export class ModuleKinds {
  readonly #packageTypes = new Map<string, Promise<ModuleKind | undefined>>();

  /** `undefined` for what is not a script, such as JSON. */
  async of(path: string): Promise<ModuleKind | undefined> {
    switch (extname(path)) {
      case '.mjs':
      case '.mts':
        return 'module';
      case '.cjs':
      case '.cts':
        return 'commonjs';
      case '.js':
      case '.ts':
      case '':
        return (await this.#packageType(dirname(path))) ?? syntaxOf(await readFile(path, 'utf8'));
      default:
        return undefined;
    }
  }

  #packageType(folder: string): Promise<ModuleKind | undefined> {
    let type = this.#packageTypes.get(folder);
    if (type === undefined) {
      type = this.#readPackageType(folder);
      this.#packageTypes.set(folder, type);
    }
    return type;
  }

  async #readPackageType(folder: string): Promise<ModuleKind | undefined> {
    if (basename(folder) === 'node_modules') return undefined;
    let text: string;
    try {
      text = await readFile(join(folder, 'package.json'), 'utf8');
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
