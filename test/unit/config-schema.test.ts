import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { camelCase, OPTION_NAMES, OPTION_TABLE } from '../../src/config/option-table.js';
import { resolveOptions } from '../../src/config/options.js';
import { documentedKey, ENTRY_KEYS, ENTRY_ROWS } from '../../src/config/servers/entry-keys.js';
import { createOptionFolder, type OptionFolder, sentenceOf } from '../support/option-folder.js';
import { projectRoot } from '../support/project.js';

interface JsonSchema {
  readonly definitions: Readonly<Record<string, Pick<JsonSchema, 'properties'>>>;
  readonly properties: Readonly<
    Record<string, { readonly description?: string; readonly default?: unknown }>
  >;
}

describe('the JSON Schema of the config file', () => {
  const text = readFileSync(join(projectRoot, 'dist/src/config.schema.json'), 'utf8');
  const schema = JSON.parse(text) as JsonSchema;
  const accepts = new Ajv({ allowUnionTypes: true }).compile<Record<string, unknown>>(schema);
  let folder: OptionFolder;

  before(() => {
    folder = createOptionFolder();
  });

  after(() => folder.remove());

  it('has every option with its help text, and $schema', () => {
    expect(Object.keys(schema.properties)).to.deep.equal(['$schema', 'servers', ...OPTION_NAMES]);
    for (const name of OPTION_NAMES) {
      expect(schema.properties[name]!.description).to.include(OPTION_TABLE[name].help);
    }
  });

  it('has the defaults', () => {
    for (const name of OPTION_NAMES) {
      const { default: value } = schema.properties[name]!;
      expect(value === undefined ? undefined : String(value), name).to.equal(OPTION_TABLE[name].default);
    }
    expect(schema.properties.port!.default).to.equal(3000);
  });

  const right: Record<string, unknown>[] = [
    {},
    { $schema: './node_modules/mcp-bulkhead/dist/src/config.schema.json', port: 3001 },
    { 'server-module': 'server.mjs', host: '::1', port: '3001', token: 't', insecure: 'yes' },
    { 'allowed-hosts': ['a.example'], 'allowed-origins': [], root: ['data', 'link'] },
    { 'allowed-hosts': 'a.example', 'allowed-origins': 'null', root: 'data' },
    { 'session-idle': '1.5s', 'sleep-after': 0, 'session-max-age': null, 'keep-alive': ' 500 ' },
    { 'session-max-age': 'none', 'max-body-bytes': '4MiB', 'log-level': 'warn', insecure: true },
    { sessionIdle: '5m', maxBodyBytes: 1_000, logFormat: 'json' },
  ];
  for (const content of right) {
    it(`accepts ${JSON.stringify(content)}, as the gateway does`, () => {
      expect(accepts(content), JSON.stringify(accepts.errors)).to.equal(true);
      expect(folder.fromFile(content)).to.be.an('object');
    });
  }

  const wrong: Record<string, unknown>[] = [
    { sesionIdle: '5m' },
    { port: 65_536 },
    { port: '3e3' },
    { 'max-sessions': 1.5 },
    { 'session-idle': '5x' },
    { 'sleep-after': 'none' },
    { 'session-max-age': 'never' },
    { insecure: 1 },
    { token: 'two words' },
    { 'allowed-hosts': [] },
    { root: [7] },
    { logLevel: 'loud' },
  ];
  for (const content of wrong) {
    it(`refuses ${JSON.stringify(content)}, as the gateway does`, () => {
      expect(accepts(content)).to.equal(false);
      expect(() => folder.fromFile(content)).to.throw();
    });
  }

  const rightEntries: Record<string, unknown>[] = [
    { module: './server.mjs' },
    { module: 'builtin:environment', isolation: 'process', 'thread-heap-mb': 64, threadMemoryMb: '128' },
    { script: 'server.mjs', args: ['--root', '.'], cwd: 'data', lists: 'dynamic' },
    { type: 'stdio', command: 'npx', args: ['-y', 'a'], env: { A: 1, B: true, C: 'c', D: null } },
    { command: 'a', inheritEnv: true, spares: 1, 'sleep-after': 0, 'start-timeout': '5m' },
    { command: 'a', 'inherit-env': ['A'], sleepAfter: '1m', 'session-max-age': 'none', sessionIdle: '1h' },
    { command: 'a', tools: { allow: 'a*', deny: ['b'], rename: { a: 'c' }, describe: { a: 'A.' } } },
  ];
  for (const entry of rightEntries) {
    it(`accepts the server ${JSON.stringify(entry)}, as the gateway does`, () => {
      const content = { servers: { 'a-server': entry } };
      expect(accepts(content), JSON.stringify(accepts.errors)).to.equal(true);
      expect(folder.fromFile(content).catalogue.broken).to.deep.equal([]);
    });
  }

  const wrongEntries: unknown[] = [
    {},
    'npx',
    { comand: 'a' },
    { command: 'a', script: 'server.mjs' },
    { type: 'http', command: 'a' },
    { command: 'a', args: 'b' },
    { command: 'a', env: { A: [] } },
    { command: 'a', isolation: 'container' },
    { command: 'a', spares: -1 },
    { command: 'a', tools: { alow: [] } },
    { command: 'a', sleepAfter: 'never' },
    { package: 'a@1' },
  ];
  for (const entry of wrongEntries) {
    it(`refuses the server ${JSON.stringify(entry)}, as the gateway does`, () => {
      const content = { servers: { a: entry } };
      expect(accepts(content)).to.equal(false);
      expect(folder.fromFile(content).catalogue.broken).to.have.length(1);
    });
  }

  it('refuses names of servers that the gateway refuses', () => {
    for (const name of ['my server', 'mcp', '']) {
      expect(accepts({ servers: { [name]: { command: 'a' } } }), name).to.equal(false);
    }
  });

  it("has every key of a server's entry with its help text", () => {
    const { properties } = schema.definitions.server!;
    expect(Object.keys(properties)).to.deep.equal(['type', ...ENTRY_KEYS.map(documentedKey)]);
    for (const key of ENTRY_KEYS) {
      expect(properties[documentedKey(key)]!.description).to.include(ENTRY_ROWS[key].help);
    }
  });

  it('accepts both spellings of every name, and suggests that of the documentation', () => {
    for (const name of OPTION_NAMES) {
      const value = schema.properties[name]!.default;
      if (value !== undefined) expect(accepts({ [camelCase(name)]: value }), name).to.equal(true);
    }
    expect(schema.properties).not.to.have.property('sessionIdle');
  });

  it('may be named in the file, and nowhere else', () => {
    writeFileSync(join(folder.path, 'named.json'), '{"$schema": "x.json", "port": 5}');
    expect(resolveOptions({ configFile: 'named.json', cwd: folder.path }).port).to.equal(5);
    expect(sentenceOf(() => folder.fromFlags({ $schema: 'x' }))).to.match(/^--\$schema is not an option/);
  });
});
