/**
 * This package, as server modules import it. A project often has a copy of its own beside the one that serves it: the
 * command of `npx`, or one that is installed globally.
 */
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The entry point of the copy that serves. */
const PUBLIC_API = fileURLToPath(new URL('../index.js', import.meta.url));
/** Below the root of any copy. */
const CODE = join('dist', 'src', sep);
const NAME = 'mcp-bulkhead';

/** Whether the file is what `import 'mcp-bulkhead'` leads to, in any copy. */
export function isPublicApi(path: string): boolean {
  return path.endsWith(`${sep}index.js`) && codeFolder(path) === path.slice(0, -'index.js'.length);
}

/** Whether the file is code of this package, in any copy. */
export function isOwnCode(path: string): boolean {
  return codeFolder(path) !== undefined;
}

/** The folder, with a separator at its end, of the copy that the file is of; `undefined`: it is of another package. */
function codeFolder(path: string): string | undefined {
  const own = PUBLIC_API.slice(0, -'index.js'.length);
  if (path.startsWith(own)) return own;
  const at = path.lastIndexOf(`${sep}${CODE}`);
  if (at < 0) return undefined;
  return packageName(join(path.slice(0, at), 'package.json')) === NAME
    ? path.slice(0, at + 1 + CODE.length)
    : undefined;
}

function packageName(file: string): unknown {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { readonly name?: unknown } | null)?.name;
  } catch {
    // It is missing, or no JSON: whatever has this folder, it is not this package.
    return undefined;
  }
}
