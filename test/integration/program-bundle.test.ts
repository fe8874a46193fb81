/** A Node program is bundled while its first sessions load its files, and answers the same. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { until } from '../support/deadline.js';
import { collect, once } from '../support/events.js';
import type { Gateway } from '../support/gateway.js';
import { fixtureProgram, inProcess, inThread, sessionOf, startCatalogue } from '../support/programs.js';
import { type RawClient, textOf } from '../support/raw-client.js';
import { ownTemporaryFolder } from '../support/temporary-parent.js';

const SERVER = 'bundled/server.mjs';

async function answerOf(client: RawClient, tool: string): Promise<unknown> {
  return JSON.parse(textOf(await client.call(tool)));
}

/** Opens sessions until one runs the bundle. */
async function bundledSession(gateway: Gateway): Promise<RawClient> {
  for (;;) {
    const client = await sessionOf(gateway, 'program');
    if (await answerOf(client, 'bundled')) return client;
    await client.delete();
  }
}

/** With it, the program starts only when somebody opens a session. */
const env = { WHO: `$${'{principal.sub}'}` };

const KINDS = {
  'in a thread': inThread(SERVER, ['--flag', 'value']),
  'in a process': inProcess(SERVER, ['--flag', 'value']),
  'in a thread, for a principal': inThread(SERVER, ['--flag', 'value'], { env }),
  'in a process, for a principal': inProcess(SERVER, ['--flag', 'value'], { env }),
  'that the command node runs': {
    command: 'node',
    args: ['./server.mjs', '--flag', 'value'],
    cwd: dirname(fixtureProgram(SERVER)),
    env: { PATH: dirname(process.execPath) },
  },
};

for (const [which, entry] of Object.entries(KINDS)) {
  describe(`the bundle of a program ${which}`, () => {
    it('gives the same answers as its files', async () => {
      const ofFiles = await startCatalogue({ program: entry });
      const ofBundle = await startCatalogue({ program: entry }, { bundle: true });
      const client = await sessionOf(ofFiles, 'program');
      expect(await answerOf(client, 'bundled')).to.equal(false);
      const expected = await answerOf(client, 'found');
      expect(expected).to.include({ isMain: true, isStrict: true, asset: 'an asset' });
      expect(await answerOf(await bundledSession(ofBundle), 'found')).to.deep.equal(expected);
    });

    it('is shown as its files in the log', async () => {
      const gateway = await startCatalogue({ program: entry }, { bundle: true });
      const client = await bundledSession(gateway);
      const lines = collect(gateway.events, 'module-log');
      const exited = once(
        gateway.events,
        'thread-exited',
        ({ cause }) => cause === 'exit' || cause === 'crash',
      );
      void client.call('crash');
      await exited;
      const stack = lines.map(({ message }) => message).join('\n');
      expect(stack)
        .to.match(/it crashed as it was told to/)
        .and.match(/server\.mjs:\d+:\d+/);
    });
  });
}

describe('the bundle of a program in processes', () => {
  it('is in a folder of the gateway, where the first process writes the code cache', async () => {
    const folder = ownTemporaryFolder();
    const gateway = await startCatalogue({ program: inProcess(SERVER) }, { bundle: true });
    await bundledSession(gateway);
    const cached = (): boolean =>
      readdirSync(folder).some((name) => readdirSync(join(folder, name)).includes('code-cache'));
    await until(cached, 'the code cache');
    const client = await sessionOf(gateway, 'program');
    expect(await answerOf(client, 'bundled')).to.equal(true);
    await gateway.close();
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('is not used where NODE_OPTIONS may change how its files are loaded', async () => {
    const env = { NODE_OPTIONS: '--no-deprecation' };
    const servers = { options: inProcess(SERVER, [], { env }), program: inProcess(SERVER) };
    const gateway = await startCatalogue(servers, { bundle: true });
    // The other one is built first, or at the same time.
    await bundledSession(gateway);
    expect(await answerOf(await sessionOf(gateway, 'options'), 'bundled')).to.equal(false);
  });
});
