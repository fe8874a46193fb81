/** Code that would mean something else in a bundle, or nothing: found in the text of each file. */
import { createRequire, isBuiltin } from 'node:module';

const UNFIT: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/\bimport\s*\(\s*(?!\s|'[^'\n]*'\s*[,)]|"[^"\n]*"\s*[,)])/, 'imports what it computes'],
  [/\brequire\s*\(\s*(?!\s|'[^'\n]*'\s*\)|"[^"\n]*"\s*\))/, 'requires what it computes'],
  [/\brequire\s*\.\s*(?:resolve|cache|main|extensions)\b/, 'uses more of `require` than the call'],
  [
    /\bmodule\s*\.\s*(?:parent|paths|children|filename|id|loaded|require)\b/,
    'uses more of `module` than its exports',
  ],
  [
    /\bimport\s*\.\s*meta\s*(?!\s*\.\s*(?:url|dirname|filename)\b)/,
    'uses more of import.meta than its address',
  ],
  [/(?<![.\w$])eval\s*\(/, 'evaluates text that can see its variables'],
];

/** @returns what completes the sentence "the file …"; `undefined` if nothing was found */
export function unfit(text: string): string | undefined {
  return UNFIT.find(([pattern]) => pattern.test(text))?.[1];
}

const NAMED_REQUIRE = /\b(?:const|let|var)\s+([\w$]+)\s*=\s*(?:[\w$]+\s*\.\s*)?createRequire\s*\(/g;
const UNNAMED_CALL = /\bcreateRequire\s*\(\s*import\s*\.\s*meta\s*\.\s*(?:url|filename)\s*\)\s*\(/g;

/** What a file loads through a `require` that it has made itself, past the bundle. */
export interface LoadedOutside {
  /** Absolute paths. */
  readonly files: readonly string[];
  /** Why the bundle cannot stand for the file. */
  readonly why: string | undefined;
}

/** The same file must not run once in the bundle and once outside. Data and native add-ons load nothing else. */
export function loadedOutside(path: string, text: string): LoadedOutside {
  const files: string[] = [];
  const made = text.match(/\bcreateRequire\s*\(/g)?.length ?? 0;
  if (made === 0) return { files, why: undefined };
  const named = Array.from(text.matchAll(NAMED_REQUIRE), ([, name = '']) => name);
  const calls = Array.from(text.matchAll(UNNAMED_CALL), ({ index, 0: { length } }) =>
    text.slice(index + length),
  );
  if (named.length + calls.length < made) return { files, why: 'makes a `require` of its own' };
  for (const name of named) {
    const call = new RegExp(`(?<![\\w$.])${name.replaceAll('$', '\\$')}\\s*\\(`, 'g');
    for (const { index, 0: found } of text.matchAll(call)) calls.push(text.slice(index + found.length));
  }
  const { resolve } = createRequire(path);
  for (const parameters of calls) {
    const [, specifier] = /^\s*['"]([^'"]+)['"]\s*\)/.exec(parameters) ?? [];
    if (specifier === undefined) return { files, why: 'requires what it computes' };
    if (isBuiltin(specifier)) continue;
    let file: string;
    try {
      file = resolve(specifier);
    } catch {
      // Outside of a bundle it would not be found either.
      continue;
    }
    if (!/\.(?:json|node)$/.test(file)) return { files, why: `loads ${specifier} with createRequire` };
    files.push(file);
  }
  return { files, why: undefined };
}

const NODE_IMPORT = /\bimport(?:\s+[\w$]+\s*,)?\s*\{([^{}]*)\}\s*from\s*['"](?:node:)?([\w/]+)['"]/g;
/** Others warn when they are loaded, or take long. */
const NODE_MODULES: ReadonlySet<string> = new Set([
  ...['assert', 'async_hooks', 'buffer', 'child_process', 'crypto', 'dns', 'dns/promises', 'events', 'fs'],
  ...['fs/promises', 'http', 'https', 'module', 'net', 'os', 'path', 'perf_hooks', 'process', 'querystring'],
  ...['readline', 'stream', 'stream/promises', 'string_decoder', 'timers', 'timers/promises', 'tls', 'url'],
  ...['util', 'v8', 'vm', 'worker_threads', 'zlib'],
]);

/** In a bundle a name that a module of Node does not export would be `undefined`, and no error. */
export async function missingName(text: string): Promise<string | undefined> {
  for (const [, list = '', name = ''] of text.matchAll(NODE_IMPORT)) {
    if (!NODE_MODULES.has(name)) continue;
    const exported = (await import(`node:${name}`)) as object;
    for (const part of list.split(',')) {
      const imported =
        part
          .trim()
          .split(/\sas\s/, 1)[0]
          ?.trim() ?? '';
      if (/^[\w$]+$/.test(imported) && !(imported in exported)) {
        return `imports ${imported}, which node:${name} does not export`;
      }
    }
  }
  return undefined;
}
