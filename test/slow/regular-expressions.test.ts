import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Node, parse } from 'acorn';
import { expect } from 'chai';
import { projectRoot } from '../support/project.js';

// By default the checker uses another program, or Java.
process.env.RECHECK_SYNC_BACKEND = 'pure';
const { checkSync } = await import('recheck');

/** Patterns that are composed of several texts; each entry says which. */
const COMPOSED: Readonly<Record<string, string>> = {
  'src/servers/bundle-checks.js': 'of a name in the server module, whose text is read once, at start',
  'src/shared/json-text.js': 'of the texts in this file',
  'src/shared/redaction-pattern.js': 'of an option, which is checked at start and runs with a time limit',
  'src/shared/process-owner.js': 'of the texts in this file',
  'load/report/text-summary.js': 'of a number in this file',
  'workers/environment/name-pattern.js': "the client's own: it can hang its own session alone",
  'workers/environment/search-files.js': "the client's own: it can hang its own session alone",
  'workers/environment/text-search.js': "the client's own: it can hang its own session alone",
};

/** Patterns about which the checker cannot decide; each entry says why it is safe. */
const EXAMINED: readonly [start: string, why: string][] = [
  ['/(?<=[;{}])__name', 'reads the text of the server module, once, at start'],
  ['/\\bimport\\s*', 'reads the text of the server module, once, at start'],
  ['/\\brequire\\s*\\(', 'reads the text of the server module, once, at start'],
  [
    '/(?:(?<![\\w$])([\\w$]+)[=:])?__name',
    'reads the text of the bundle, once, at start; a name is tried at its beginning alone',
  ],
  [
    '/((?<![\\w$])class ',
    'reads the text of the bundle, once, at start; a name is tried at its beginning alone',
  ],
  ['/(?<![.\\w$])eval', 'reads the text of the server module, once, at start'],
  ['/(?<![\\w$.])([\\w$]+)=', 'reads the text of the bundle, once, at start'],
  ['/^[ \\t]*(?:import\\b(?!', 'reads the text of a TypeScript file, once, at start'],
  ['/^nodejs_(?!', 'anchored; what is looked ahead for is read once'],
];

/** As `tsc` wrote them: types are removed, names and patterns are unchanged. */
const files = ['src', 'workers'].flatMap((folder) =>
  readdirSync(join(projectRoot, 'dist', folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
);

function* nodesOf(root: Node): Generator<Node & Record<string, unknown>> {
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (typeof (value as { type?: unknown }).type === 'string') yield value as Node & Record<string, unknown>;
    for (const [name, child] of Object.entries(value)) if (name !== 'regex') waiting.push(child);
  }
}

/** A file that contains the pattern, by the pattern as it is written. */
const literals = new Map<
  string,
  { readonly source: string; readonly flags: string; readonly file: string }
>();
const composers = new Set<string>();
for (const file of files) {
  const text = readFileSync(join(projectRoot, 'dist', file), 'utf8');
  for (const node of nodesOf(parse(text, { ecmaVersion: 'latest', sourceType: 'module' }))) {
    const { regex, callee } = node as {
      regex?: { pattern: string; flags: string };
      callee?: { type: string; name?: string };
    };
    if (regex !== undefined) {
      const { pattern: source, flags } = regex;
      literals.set(`/${source}/${flags}`, { source, flags, file });
    }
    if (callee?.name === 'RegExp') composers.add(file);
  }
}

describe('A regular expression', () => {
  it('is put together from texts in few places, each with a reason', () => {
    expect(files.length).to.be.above(100);
    expect(literals.size).to.be.above(50);
    for (const file of composers) expect(COMPOSED, file).to.have.property(file);
  });

  for (const [literal, { source, flags, file }] of literals) {
    it(`takes time linear in the length of what it reads: ${literal} in ${file}`, () => {
      // Its other checker tries texts for some time, so its result would depend on the machine's speed.
      const found = checkSync(source, flags, { checker: 'automaton', timeout: null });
      const attack =
        found.status === 'vulnerable' ? `${found.complexity.summary}: ${found.attack.pattern}` : '';
      const examined = EXAMINED.some(([start]) => literal.startsWith(start));
      expect(found.status, attack).to.equal(examined ? 'unknown' : 'safe');
    });
  }
});
