/** What is left when the clients of many sessions with processes have gone, each in its own way. */
import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { isAlive } from '../fixtures/children/observed-processes.js';
import { until } from '../support/deadline.js';
import { expectError } from '../support/expectations.js';
import { leftSince, takeInventory } from '../support/left-behind.js';
import { program, sessionOf, startCatalogue } from '../support/programs.js';
import { type RawClient, textOf } from '../support/raw-client.js';
import { ownTemporaryFolder } from '../support/temporary-parent.js';

async function withStream(client: RawClient): Promise<void> {
  (await client.get()).stream;
}

describe('twelve sessions with processes, of which a third vanish, a third say DELETE, and a third crash', () => {
  it('leave nothing behind after the graces: no process, thread, socket or temporary folder', async () => {
    const folder = ownTemporaryFolder();
    const gateway = await startCatalogue({ odd: program('odd-server.mjs') }, { disconnectGrace: '3s' });
    // What the first process brings that stays, such as the keeper's thread.
    const first = await sessionOf(gateway, 'odd');
    await first.call('count');
    await gateway.endSession(first.sessionId ?? '');
    first.destroy();
    const before = await takeInventory();

    const clients = await Promise.all(Array.from({ length: 12 }, () => sessionOf(gateway, 'odd')));
    await Promise.all(clients.map(withStream));
    const answers = await Promise.all(clients.map((client) => client.call('pid')));
    const pids = answers.map((answer) => Number(textOf(answer)));
    const files = await Promise.all(clients.map((client) => client.call('temporary')));
    expect(new Set(pids).size).to.equal(12);
    expect(pids.map(isAlive)).not.to.include(false);
    for (const file of files) expect(textOf(file)).to.include(folder);
    expect(readdirSync(folder)).to.have.lengthOf(12);

    await Promise.all(
      clients.map(async (client, index) => {
        if (index % 3 === 1) await client.delete();
        if (index % 3 === 2) expectError(await client.call('exit', { code: 7 }));
        client.destroy();
      }),
    );
    await until(() => gateway.sessions().length === 0, 'the end of all sessions');
    await until(() => !pids.some(isAlive), 'the end of all processes');
    await until(
      () => readdirSync(folder).length === 0,
      () => `an empty folder: ${readdirSync(folder)}`,
    );
    await until(
      () => leftSince(before).length === 0,
      () => `nothing to be left: ${leftSince(before).join(', ')}`,
    );
  }).timeout(60_000);
});
