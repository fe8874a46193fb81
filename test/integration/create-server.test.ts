/** Modules that make the server of a session themselves. Other ways to make it are in the slow tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import {
  created,
  describeCreatedServers,
  describeListsOfCreatedServers,
  describeSleepOfCreatedServers,
} from '../support/created-servers.js';
import { sessionOf, startCatalogue } from '../support/programs.js';
import { textOf } from '../support/raw-client.js';

describe('a module that creates its server', () => {
  describeCreatedServers(['sdk1', 'sdk2', 'own-object-process']);
});

describe('a session whose module creates its server', () => {
  describeSleepOfCreatedServers(['sdk2']);
});

describe('the lists of a module that creates its server', () => {
  describeListsOfCreatedServers(['sdk2']);
});

describe('a module whose createServer cannot be used', () => {
  const cases = {
    nothing: ['createServer() {}', /createServer returned undefined; return the server/],
    text: ["createServer: () => 'x'", /createServer returned a string/],
    parts: [
      'createServer: () => ({ server: { connect() {} } })',
      /without connect\(transport\); return its `server`/,
    ],
    other: [
      'createServer: () => ({ start() {} })',
      /without connect\(transport\); return a server of an SDK/,
    ],
    connected: [
      'createServer: () => ({ connect() {}, setRequestHandler() {}, transport: {} })',
      /is connected already; return it without calling connect\(\)/,
    ],
    deaf: [
      'createServer: () => ({ connect: (transport) => transport.start() })',
      /did not set transport.onmessage/,
    ],
    failing: ["createServer() { throw new Error('no database') }", /no database/],
    refusing: ["createServer: () => ({ connect() { throw new Error('not now') } })", /not now/],
    both: ["name: 'x', version: '1', setup() {}, createServer() {}", /both `setup` and `createServer`/],
    value: ['createServer: {}', /`createServer` that is no function/],
    named: ["name: 'x', createServer() {}", /`createServer` and `name`/],
  } as const;

  it('is broken, with a sentence that says why', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bulkhead-created-'));
    afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
    const broken: Record<string, { module: string }> = {};
    for (const [name, [members]] of Object.entries(cases)) {
      const module = join(folder, `${name}.mjs`);
      writeFileSync(module, `export default { ${members} };\n`);
      broken[name] = { module };
    }
    const gateway = await startCatalogue({ ...broken, good: created('own-object') });
    for (const [name, [, reason]] of Object.entries(cases))
      expect(gateway.servers().find((server) => server.name === name)?.reason).to.match(reason);
    expect(textOf(await (await sessionOf(gateway, 'good')).call('count'))).to.equal('1');
  });
});
