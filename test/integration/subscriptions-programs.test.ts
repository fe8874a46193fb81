/** Subscriptions to servers that speak stdio, in a process and in a thread (2026-07-28, Subscriptions). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { once } from '../support/events.js';
import { rawClient } from '../support/gateway.js';
import { listen, textOfCall } from '../support/listener.js';
import { temporaryFolder } from '../support/load-files.js';
import { clientAs, tokensFile } from '../support/personal-servers.js';
import { inProcess, inThread, program, sessionOf, startCatalogue } from '../support/programs.js';
import { askStateless } from '../support/stateless.js';

const LISTS = { toolsListChanged: true, promptsListChanged: true };

describe('A client that listens to a program', () => {
  for (const [where, entry] of [
    ['in a process', inProcess('announcing.mjs')],
    ['in a thread', inThread('announcing.mjs')],
  ] as const) {
    it(`${where} is told of its lists and resources`, async () => {
      const gateway = await startCatalogue({ program: { ...entry, affinity: 'request' } });
      const client = rawClient(gateway);
      const { acknowledgement, next } = await listen(client, { ...LISTS, resourceSubscriptions: ['note:1'] });
      expect(acknowledgement.params?.notifications).to.deep.equal({
        toolsListChanged: true,
        resourceSubscriptions: ['note:1'],
      });
      await next('resources/updated');
      await textOfCall(client, 'announce');
      await next('tools/list_changed');
    });
  }

  it('is not told of the lists of another principal if each has a program of its own', async () => {
    const env = { WHO: `$${'{principal.sub}'}` };
    const gateway = await startCatalogue(
      { program: inProcess('announcing.mjs', [], { affinity: 'request', env }) },
      { tokensFile: tokensFile() },
    );
    const [ada, bob] = [clientAs(gateway, 'program', 'ada'), clientAs(gateway, 'program', 'bob')];
    const ofAda = await listen(ada, LISTS);
    const ofBob = await listen(bob, LISTS);
    await textOfCall(ada, 'announce');
    await ofAda.next('tools/list_changed');
    expect(ofBob.told).to.deep.equal([]);
    await textOfCall(bob, 'announce');
    await ofBob.next('tools/list_changed');
    expect([ofAda.told, ofBob.told]).to.deep.equal([['tools/list_changed'], ['tools/list_changed']]);
  });

  it('is told when a new process has other lists than were learned, and is given those', async () => {
    const file = join(temporaryFolder(), 'lists.json');
    writeFileSync(file, '{}');
    const gateway = await startCatalogue({
      odd: program('odd-server.mjs', [`--lists=${file}`], { affinity: 'request', reuse: true }),
    });
    const client = rawClient(gateway);
    const learned = once(gateway.events, 'lists-learned');
    await textOfCall(client, 'count');
    await learned;
    const listening = await listen(client, LISTS);
    writeFileSync(file, '{"tools":["new"]}');
    await textOfCall(client, 'exit');
    await textOfCall(client, 'count');
    await listening.next('tools/list_changed');
    const { answer } = await askStateless(client, 'tools/list');
    expect(JSON.stringify(answer)).to.contain('"new"');
    expect(listening.told).to.deep.equal(['tools/list_changed']);
  });

  it('is told the same when the lists were learned only after it began to listen', async () => {
    const file = join(temporaryFolder(), 'lists.json');
    writeFileSync(file, '{}');
    const gateway = await startCatalogue({
      odd: program('odd-server.mjs', [`--lists=${file}`], { affinity: 'request', reuse: true }),
    });
    const client = rawClient(gateway);
    const learned = once(gateway.events, 'lists-learned');
    const { next } = await listen(client, LISTS);
    await learned;
    writeFileSync(file, '{"tools":["new"]}');
    await textOfCall(client, 'exit');
    await textOfCall(client, 'count');
    await next('tools/list_changed');
  });

  it('is not told of what each process adds while it starts', async () => {
    const gateway = await startCatalogue({
      odd: program('odd-server.mjs', ['--late'], { affinity: 'request', reuse: true }),
    });
    const client = rawClient(gateway);
    const learned = once(gateway.events, 'lists-learned');
    await askStateless(client, 'server/discover');
    await learned;
    const listening = await listen(client, LISTS);
    const same = once(gateway.events, 'lists-learned');
    await textOfCall(client, 'exit');
    await askStateless(client, 'prompts/get', { name: 'none' });
    expect((await same).outcome).to.equal('same');
    await textOfCall(client, 'list_changed');
    await listening.next('tools/list_changed');
    expect(listening.told).to.deep.equal(['tools/list_changed']);
  });

  it('is not told of what the program of a session announces: that is its own', async () => {
    const gateway = await startCatalogue({
      odd: program('odd-server.mjs', [], { affinity: 'request', reuse: true }),
    });
    const client = rawClient(gateway);
    const listening = await listen(client, LISTS);
    const session = await sessionOf(gateway, 'odd');
    const { stream } = await session.get();
    await session.call('add_tool', { name: 'own' });
    await stream.message(({ method }) => method === 'notifications/tools/list_changed');
    await textOfCall(client, 'list_changed');
    await listening.next('tools/list_changed');
    expect(listening.told).to.deep.equal(['tools/list_changed']);
  });
});
