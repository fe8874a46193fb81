/** "Who may import whom": the rules that keep the two threads, and the layers of the main thread, apart. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../support/project.js';

interface Import {
  /** Both as paths from the project's root, such as `src/session/session.ts`. */
  readonly from: string;
  readonly to: string;
  /** `import type`: gone when the program runs. */
  readonly typeOnly: boolean;
}

const STATEMENT = /^(?:import|export)\s+(type\s)?[^'";]*?\bfrom\s*['"](\.{1,2}\/[^'"]+)['"]/gm;
/** `import('./x.js')`, in code or in a type, and `import './x.js'`. */
const BARE = /\bimport\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

const files = ['src', 'workers'].flatMap(sourceFiles);
const imports = files.flatMap(importsOf);

describe('Who may import whom', () => {
  it('finds the sources and their imports at all', () => {
    expect(files).to.include.members(['src/events.ts', 'src/shared/frames.ts', 'workers/session-worker.ts']);
    expect(imports.length).to.be.above(files.length);
    expect(imports.filter(({ to }) => !files.includes(to))).to.deep.equal([]);
  });

  it('lets workers/ import nothing of src/ but src/shared/', () => {
    forbid(within('workers/'), (to) => to.startsWith('src/') && !to.startsWith('src/shared/'));
  });

  it('lets src/ import nothing of workers/', () => {
    forbid(within('src/'), within('workers/'));
  });

  it('lets only threads/thread-pool.ts name the entry of a session thread', () => {
    const naming = files.filter((file) => file.startsWith('src/') && /session-entry\.c?js/.test(read(file)));
    expect(naming).to.deep.equal(['src/threads/thread-pool.ts']);
  });

  it('lets shared/ import nothing of the project but shared/', () => {
    forbid(within('src/shared/'), (to) => !to.startsWith('src/shared/'));
  });

  it('lets http/ use session/, session/ use threads/, and never back', () => {
    forbid(within('src/threads/'), within('src/session/', 'src/http/'));
    forbid(within('src/session/'), within('src/http/'));
    forbid(within('src/http/'), within('src/threads/'));
  });

  it('lets metrics/ and the log only subscribe to events and read the snapshot', () => {
    // The reasons why a session ends are part of the catalogue of events, as a closed union and a label.
    const catalogue = ['src/events.ts', 'src/snapshot.ts', 'src/session/end-reason.ts'];
    forbid(
      (from) => from.startsWith('src/metrics/') || /^src\/log[^/]*\.ts$/.test(from),
      (to) =>
        within('src/session/', 'src/threads/', 'src/http/', 'src/admin/')(to) && !catalogue.includes(to),
    );
  });

  it('lets nothing but gateway.ts and themselves know metrics/, the log and admin/', () => {
    const observers = ['src/metrics/', 'src/admin/', 'src/log'];
    forbid(within('src/http/', 'src/session/', 'src/threads/', 'src/shared/'), within(...observers));
  });

  it('lets admin/ read through interfaces that it is handed: it knows types alone', () => {
    const known = imports.filter(({ from, typeOnly }) => from.startsWith('src/admin/') && !typeOnly);
    const behind = within('src/session/', 'src/threads/', 'src/metrics/');
    expect(known.filter(({ to }) => behind(to))).to.deep.equal([]);
  });

  it('lets load/ see a server from outside only: it knows options, durations and texts, never the gateway', () => {
    const texts = /^src\/(?:duration|json-text|log-text|nearest|version|option[^/]*)\.ts$/;
    forbid(within('src/load/'), (to) => !within('src/load/', 'src/shared/')(to) && !texts.test(to));
    forbid((from) => !within('src/load/', 'src/commands/', 'src/cli.ts')(from), within('src/load/'));
  });

  it('has no barrel but src/index.ts', () => {
    const barrels = files.filter((file) => /^export\s+(?:type\s+)?(?:\*|\{[^}]*\}\s*from)/m.test(read(file)));
    expect(barrels).to.deep.equal(barrels.filter((file) => file === 'src/index.ts'));
  });

  it('has no circles', () => {
    expect(circles()).to.deep.equal([]);
  });
});

function within(...prefixes: string[]): (file: string) => boolean {
  return (file) => prefixes.some((prefix) => file.startsWith(prefix));
}

function forbid(from: (file: string) => boolean, to: (file: string) => boolean): void {
  const broken = imports.filter((edge) => from(edge.from) && to(edge.to));
  expect(broken.map((edge) => `${edge.from} imports ${edge.to}`)).to.deep.equal([]);
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file).split(sep).join('/'));
}

function importsOf(from: string): Import[] {
  const text = read(from);
  const resolved = (specifier: string) =>
    relative(projectRoot, join(projectRoot, dirname(from), specifier))
      .split(sep)
      .join('/')
      .replace(/\.js$/, '.ts');
  return [
    ...[...text.matchAll(STATEMENT)].map(([, type, to = '']) => ({
      from,
      to: resolved(to),
      typeOnly: !!type,
    })),
    ...[...text.matchAll(BARE)].map(([, to = '']) => ({ from, to: resolved(to), typeOnly: false })),
  ];
}

function read(file: string): string {
  return readFileSync(join(projectRoot, file), 'utf8');
}

/** Each circle as `a > b > a`, found depth first. */
function circles(): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      found.push([...path.slice(start), file].join(' > '));
      return;
    }
    if (done.has(file)) return;
    for (const { to } of imports.filter(({ from }) => from === file)) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return found;
}
