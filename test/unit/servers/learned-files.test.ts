import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { LearnedFiles } from '../../../src/servers/learned-files.js';
import type { StoredSlot } from '../../../src/servers/learned-lists.js';
import type { CommandEntry } from '../../../src/servers/server-entry.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { afterThisTest } from '../../support/cleanup.js';
import { collect } from '../../support/events.js';

const ENTRY: CommandEntry = {
  kind: 'command',
  command: 'some-server',
  args: ['--flag'],
  name: 'some',
  isolation: 'process',
  env: { API_KEY: 'very-secret-value' },
  inheritEnv: [],
  cwd: '/',
  startTimeoutMs: 1,
  spares: undefined,
  sleepAfterMs: undefined,
  lists: 'learned',
  affinity: undefined,
  reuse: undefined,
  openTool: undefined,
  closeTool: undefined,
  tools: undefined,
  processMemoryMb: 1,
  overrides: {},
  source: '',
};

const SLOTS: readonly StoredSlot[] = [
  {
    key: '["2025-11-25",{}]',
    params: '{"capabilities":{}}',
    answers: [
      { method: 'initialize', before: '{"id":', after: ',"result":{}}', failure: undefined, digest: 'a' },
      { method: 'tools/list', before: '{"id":', after: ',"error":{}}', failure: '-32601', digest: 'b' },
    ],
    declared: { tools: true, prompts: false, resources: false, logging: false, subscribe: false },
    tools: ['echo'],
    headerParams: {
      valid: [{ tool: 'echo', params: [{ header: 'mcp-param-region', path: ['region'], type: 'string' }] }],
      invalid: [{ tool: 'odd', property: 'properties.a', wrong: 'it is a number' }],
    },
  },
];

/** What gateways share: a folder. */
function world() {
  const parent = mkdtempSync(join(tmpdir(), 'bulkhead-learned-'));
  afterThisTest(() => rmSync(parent, { recursive: true, force: true }));
  const events = new GatewayEmitter();
  const notices = collect(events, 'notice');
  const folder = join(parent, 'mcp-bulkhead', 'learned');
  const gateway = (version = '1.0.0') => new LearnedFiles(join(parent, 'mcp-bulkhead'), version, events);
  return {
    folder,
    gateway,
    sentences: () => notices.map(({ message }) => message),
    files: () => readdirSync(folder).map((name) => join(folder, name)),
    read: async (entry: CommandEntry = ENTRY, version?: string) => (await gateway(version).of(entry)).read(),
    write: async (slots: readonly StoredSlot[] = SLOTS) => {
      const files = gateway();
      (await files.of(ENTRY)).write(() => slots);
      await files.close();
    },
  };
}

describe('What was learned, on disk', () => {
  it('is there for the next gateway', async () => {
    const { read, write, sentences } = world();
    expect(await read()).to.deep.equal([]);
    await write();
    expect(await read()).to.deep.equal(SLOTS);
    expect(sentences()).to.deep.equal([]);
  });

  it('is not there for another version of the gateway, or an entry whose server may answer differently', async () => {
    const { read, write } = world();
    await write();
    expect(await read(ENTRY, '1.0.1')).to.deep.equal([]);
    const rules = { allow: undefined, deny: ['echo'], rename: new Map(), describe: new Map() };
    for (const other of [
      { args: [] },
      { command: 'other-server' },
      { cwd: '/tmp' },
      { env: { API_KEY: 'other' } },
      { inheritEnv: true },
      { inheritEnv: ['HOME'] },
      { tools: rules },
    ] as const)
      expect(await read({ ...ENTRY, ...other })).to.deep.equal([]);
    expect(await read({ ...ENTRY, name: 'renamed', source: 'moved', spares: 1 })).to.deep.equal(SLOTS);
  });

  it('is readable for its user alone, and has no value of a variable in it', async () => {
    const { files, folder, write } = world();
    await write();
    const [file = ''] = files();
    expect(files()).to.have.length(1);
    expect(readFileSync(file, 'utf8')).not.to.include('very-secret');
    if (process.platform === 'win32') return;
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(statSync(folder).mode & 0o777).to.equal(0o700);
  });

  it('goes when nothing is known any more', async () => {
    const { files, write } = world();
    await write();
    await write([]);
    expect(files()).to.deep.equal([]);
  });

  for (const [what, spoil, reason] of [
    [
      'is cut',
      (file: string) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 100)),
      /it is damaged/,
    ],
    ['is empty', (file: string) => writeFileSync(file, ''), /it is damaged/],
    [
      'has another format',
      (file: string) => writeFileSync(file, '{"format":999,"slots":[]}'),
      /it is damaged/,
    ],
    [
      'has answers that are no JSON',
      (file: string) => writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"after":"', '"after":"]')),
      /it is damaged/,
    ],
    [
      'is too large',
      (file: string) => writeFileSync(file, 'x'.repeat(17 * 1024 * 1024)),
      /larger than 16777216/,
    ],
    ['is a folder', (file: string) => replace(file, () => mkdirSync(file)), /not a file of this user alone/],
    ['is a link', (file: string) => replace(file, (old) => symlinkSync(old, file)), /ELOOP|symbolic link/],
    ['others can write to', (file: string) => chmodSync(file, 0o622), /not a file of this user alone/],
    [
      'is in a folder that others can write to',
      (_file: string, folder: string) => chmodSync(folder, 0o777),
      /others can write to it/,
    ],
  ] as const) {
    it(`is ignored, with one log line, where it ${what}`, async function () {
      if (process.platform === 'win32' && /others|link/.test(what)) this.skip();
      const { files, folder, gateway, sentences, write } = world();
      await write();
      spoil(files()[0] ?? '', folder);
      const next = gateway();
      expect(await (await next.of(ENTRY)).read()).to.deep.equal([]);
      expect(await (await next.of(ENTRY)).read()).to.deep.equal([]);
      expect(sentences()).to.have.length(1);
      expect(sentences()[0])
        .to.match(/^What was learned of a server cannot be read/)
        .and.match(reason);
    });
  }

  it('is replaced after it was damaged', async () => {
    const { files, read, write } = world();
    await write();
    writeFileSync(files()[0] ?? '', 'damaged');
    expect(await read()).to.deep.equal([]);
    await write();
    expect(await read()).to.deep.equal(SLOTS);
  });

  it('is not written, with one log line, where there can be no folder', async () => {
    const { folder, sentences, write } = world();
    writeFileSync(join(folder, '..'), 'a file');
    await write();
    expect(sentences()).to.have.length(1);
    expect(sentences()[0]).to.match(/^What was learned of a server cannot be written/);
  });

  it('is kept in at most 256 files: those go that have not been used for longest', async () => {
    const { files, folder, write } = world();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = (number: number) => join(folder, `${String(number).padStart(43, '0')}.json`);
    for (let number = 0; number < 300; number += 1) {
      writeFileSync(path(number), '{}');
      utimesSync(path(number), number, number);
    }
    writeFileSync(join(folder, 'of-someone-else.json'), '{}');
    await write();
    expect(files()).to.have.length(257);
    expect(files()).to.include(path(299)).and.include(path(45)).and.not.include(path(44));
  });
});

function replace(file: string, create: (old: string) => void): void {
  renameSync(file, `${file}.old`);
  create(`${file}.old`);
}
