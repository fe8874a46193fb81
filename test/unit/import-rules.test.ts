/** "Who may import whom": the rules that separate the threads, and the layers of the main thread. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../support/project.js';

interface Import {
  /** Both as paths from the project's root, such as `src/session/session.ts`. */
  readonly from: string;
  readonly to: string;
  /** `import type`, which does not exist at run time. */
  readonly typeOnly: boolean;
}

const STATEMENT = /^(?:import|export)\s+(type\s)?[^'";]*?\bfrom\s*['"](\.{1,2}\/[^'"]+)['"]/gm;
/** `import('./x.js')`, in code or in a type, and `import './x.js'`. */
const BARE = /\bimport\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

const SDK = /^@modelcontextprotocol\/sdk(?:\/|$)/;
/** What makes a server. A client, the types and the versions of the protocol may be used anywhere. */
const SDK_SERVER = /^@modelcontextprotocol\/sdk\/(?:server|experimental)\//;
const PACKAGE = /\b(?:from|import|require)\s*\(?\s*['"]([^.'"][^'"]*)['"]/g;

/** Words that only a transport uses: statuses, kinds of streams, methods, fields of SSE. */
const HTTP_WORD =
  /\bstatus(?:es|Code)?\b|\b(?:20[0-9]|30[0-9]|4[0-3][0-9]|50[0-9])\b|'(?:post|get|legacy)'|\bretry:|\bpriming|\b(?:HTTP|SSE|GET|POST)\b|\bsse[A-Z]|node:http/g;
/** A limit is not a status. */
const NAMED_NUMBER = /^const [A-Z_]+ = [^;]+;/gm;

/** What the package exports. */
const EXPORTED = ['src/index.ts', 'src/testing/index.ts'];
/** Options, and what they consist of. */
const TEXTS = ['src/config/', 'src/version.ts'];

/** What a folder may import besides itself and `shared/`. Whoever emits events imports their catalogue. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'src/config/': ['src/servers/server-entry.ts'],
  'src/client-configs/': ['src/config/', 'src/servers/server-environment.ts'],
  'src/protocol/': [],
  'src/auth/': ['src/protocol/', 'src/telemetry/'],
  'src/delivery/': ['src/protocol/', 'src/telemetry/'],
  'src/isolation/': ['src/servers/', 'src/telemetry/'],
  'src/servers/': ['src/isolation/', 'src/telemetry/'],
  'src/session/': ['src/protocol/', 'src/delivery/', 'src/servers/', 'src/isolation/', 'src/telemetry/'],
  'src/quotas/': ['src/protocol/', 'src/auth/', 'src/isolation/', 'src/session/', 'src/telemetry/'],
  'src/hosting/': [
    'src/config/',
    'src/delivery/',
    'src/isolation/',
    'src/servers/',
    'src/session/',
    'src/telemetry/',
    'src/transports/http/http-resources.ts',
  ],
  'src/transports/': [
    'src/config/',
    'src/protocol/',
    'src/auth/',
    'src/delivery/',
    'src/session/',
    'src/telemetry/',
  ],
  // A relay to any server: it knows nothing of the gateway but what a line is.
  'src/bridge/': [
    'src/protocol/',
    'src/transports/stdio/read-lines.ts',
    'src/transports/stdio/line-writer.ts',
  ],
  // A program that embeds a gateway, and reaches into its sessions.
  'src/testing/': [
    'src/program-options.ts',
    'src/config/',
    'src/gateway.ts',
    'src/session/',
    'src/telemetry/',
  ],
  'src/admin/': ['src/config/', 'src/auth/', 'src/transports/http/', 'src/telemetry/'],
};

const files = ['src', 'workers', 'load'].flatMap(sourceFiles);
const imports = files.flatMap(importsOf);

describe('Who may import whom', () => {
  it('finds the sources and their imports at all', () => {
    expect(files).to.include.members([
      'src/telemetry/events.ts',
      'src/shared/frames/codec.ts',
      'workers/session/session-worker.ts',
      'load/mix.ts',
    ]);
    expect(imports.length).to.be.above(files.length);
    expect(imports.filter(({ to }) => !files.includes(to) && !to.startsWith('bench/'))).to.deep.equal([]);
  });

  it('lets workers/ import nothing of src/ but src/shared/', () => {
    forbid(within('workers/'), (to) => !within('workers/', 'src/shared/')(to));
  });

  it('lets src/ import nothing of workers/', () => {
    forbid(within('src/'), within('workers/'));
  });

  it('lets only isolation/thread/thread-starter.ts name the entry of a session thread', () => {
    const naming = files.filter((file) => file.startsWith('src/') && /session-entry\.c?js/.test(read(file)));
    expect(naming).to.deep.equal(['src/isolation/thread/thread-starter.ts']);
  });

  it('lets shared/ import nothing of the project but shared/', () => {
    forbid(within('src/shared/'), (to) => !to.startsWith('src/shared/'));
  });

  it('lets each room of the main process use those below it, and never back', () => {
    for (const [room, below] of Object.entries(ROOMS)) {
      const allowed = within(room, 'src/shared/', ...below);
      forbid(within(room), (to) => !allowed(to));
    }
  });

  it('lets session/ know of isolation/ no more than what workers are, by interface', () => {
    const known = within('src/isolation/worker.ts', 'src/isolation/worker-source.ts');
    const edges = imports.filter(
      ({ from, to }) => within('src/session/')(from) && within('src/isolation/')(to),
    );
    expect(edges.filter(({ to, typeOnly }) => !known(to) || !typeOnly)).to.deep.equal([]);
  });

  it('lets session/ know of delivery/ no more than its outbox, by interface', () => {
    const known = within(
      'src/delivery/outbox.ts',
      'src/delivery/start-failure.ts',
      'src/delivery/stream-connection.ts',
      'src/delivery/event-id.ts',
    );
    const edges = imports.filter(
      ({ from, to }) => within('src/session/')(from) && within('src/delivery/')(to),
    );
    expect(edges.length).to.be.above(0);
    expect(edges.filter(({ to, typeOnly }) => !known(to) || !typeOnly)).to.deep.equal([]);
  });

  it('lets session/ know nothing of HTTP: no status, kind of stream, header or SSE field', () => {
    const speaking = files.filter(within('src/session/')).flatMap((file) => {
      const code = read(file).replace(NAMED_NUMBER, '');
      return [...code.matchAll(HTTP_WORD)].map(([word]) => `${file}: ${word}`);
    });
    expect(speaking).to.deep.equal([]);
    expect("status === 503 ? 'legacy' : 'retry: 1000'".match(HTTP_WORD)).to.have.length(4);
  });

  it('lets only isolation/thread/ and isolation/port/ know what threads and ports are made of', () => {
    // Types of what a thread starts with and of the keeper's messages, which both sides have to know.
    const known = ['src/shared/thread-start.ts', 'src/shared/keeper-frames.ts'];
    const naming = files.filter(
      (file) =>
        within('src/')(file) &&
        !within('src/isolation/thread/', 'src/isolation/port/', ...known)(file) &&
        /node:worker_threads|\bSharedArrayBuffer\b|\bMessagePort\b|\bAtomics\b/.test(read(file)),
    );
    expect(naming).to.deep.equal([]);
  });

  it('lets only isolation/ and workers/ know what a session worker is started with', () => {
    forbid(
      (from) => !within('src/isolation/', 'workers/', 'src/shared/keeper-frames.ts')(from),
      within('src/shared/thread-start.ts'),
    );
  });

  it('lets nothing of isolation/ know a kind of worker but the kind itself', () => {
    for (const kind of [within('src/isolation/thread/'), within('src/isolation/process/')])
      forbid((from) => within('src/isolation/')(from) && !kind(from), kind);
  });

  it('lets isolation/port/, which all kinds share, know no kind', () => {
    const ports = within('src/isolation/port/');
    const kinds = within('src/isolation/thread/', 'src/isolation/process/');
    forbid((from) => within('src/isolation/')(from) && !ports(from) && !kinds(from), ports);
  });

  it('lets telemetry/ only subscribe to events and read the snapshot: it knows none of who emits', () => {
    forbid(within('src/telemetry/'), (to) => !within('src/telemetry/', 'src/shared/', ...TEXTS)(to));
  });

  it('lets nothing but gateway.ts, admin/ and the public API know the log and the metrics', () => {
    const knowing = within(
      'src/telemetry/',
      'src/admin/',
      'src/gateway.ts',
      'src/index.ts',
      'src/program-options.ts',
      'load/',
    );
    forbid((from) => !knowing(from), within('src/telemetry/log/', 'src/telemetry/metrics/'));
  });

  it('lets admin/ read through interfaces that it is handed: it knows types alone', () => {
    const known = imports.filter(({ from, typeOnly }) => from.startsWith('src/admin/') && !typeOnly);
    const behind = within('src/session/', 'src/isolation/', 'src/telemetry/metrics/');
    expect(known.filter(({ to }) => behind(to))).to.deep.equal([]);
  });

  it('lets load/ see a server from outside only: it knows options and texts, never the gateway', () => {
    const known = within(
      'load/',
      'src/shared/',
      'src/telemetry/log/log-text.ts',
      'bench/servers/child.ts',
      ...TEXTS,
    );
    forbid(within('load/'), (to) => !known(to));
    forbid((from) => !within('load/', 'src/cli/')(from), within('load/'));
  });

  it('lets only workers/session/sdk1/, the built-in server and define-server.ts import the SDK that servers are made of', () => {
    const importing = packageImports().filter(({ from, specifier }) =>
      from.startsWith('workers/') ? SDK.test(specifier) : SDK_SERVER.test(specifier),
    );
    const allowed = within('workers/session/sdk1/', 'workers/environment/', 'src/shared/define-server.ts');
    expect(importing.some(({ from }) => allowed(from))).to.equal(true);
    expect(importing.filter(({ from }) => !allowed(from))).to.deep.equal([]);
  });

  it('lets only the port transport use the fast path, through its one door', () => {
    const used = imports.filter(
      ({ from, to }) =>
        to.startsWith('workers/session/fast-path/') && !from.startsWith('workers/session/fast-path/'),
    );
    expect(used.map(({ from, to }) => ({ from, to }))).to.deep.equal([
      { from: 'workers/session/sdk1/port-transport.ts', to: 'workers/session/fast-path/fast-path.ts' },
    ]);
  });

  it('lets nothing import testing/, and testing/ no more of session/ than types', () => {
    forbid((from) => !within('src/testing/')(from), within('src/testing/'));
    const known = imports.filter(
      ({ from, to }) => within('src/testing/')(from) && within('src/session/', 'src/telemetry/')(to),
    );
    expect(known.filter(({ typeOnly }) => !typeOnly)).to.deep.equal([]);
  });

  it('has no barrels but what the package exports', () => {
    const barrels = files.filter((file) => /^export\s+(?:type\s+)?(?:\*|\{[^}]*\}\s*from)/m.test(read(file)));
    expect(barrels).to.deep.equal(barrels.filter((file) => EXPORTED.includes(file)));
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

/** Every import of a package, including types. */
function packageImports(): { from: string; specifier: string }[] {
  return files.flatMap((from) =>
    [...read(from).matchAll(PACKAGE)].map(([, specifier = '']) => ({ from, specifier })),
  );
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
