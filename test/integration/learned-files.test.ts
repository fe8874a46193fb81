/** What was learned of programs, from one gateway to the next. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { collect, once } from '../support/events.js';
import type { Gateway } from '../support/gateway.js';
import { program, sessionOf, startCatalogue } from '../support/programs.js';
import { textOf } from '../support/raw-client.js';

function start(args: readonly string[] = [], entry: object = {}): Promise<Gateway> {
  return startCatalogue({ odd: program('odd-server.mjs', args, entry) });
}

/** A gateway that learns, and ends. */
async function learn(args: readonly string[] = []): Promise<void> {
  const gateway = await start(args);
  const learned = once(gateway.events, 'lists-learned');
  await sessionOf(gateway, 'odd');
  expect((await learned).outcome).to.equal('learned');
  await gateway.close();
}

describe('a gateway that is started again', () => {
  it('knows what was learned, and the names of the tools', async () => {
    await learn();
    const gateway = await start();
    const started = collect(gateway.events, 'thread-started');
    const client = await sessionOf(gateway, 'odd');
    await client.ask('tools/list');
    expect(started).to.have.length(0);
    const same = once(gateway.events, 'lists-learned');
    expect(textOf(await client.call('count'))).to.equal('1');
    expect((await same).outcome).to.equal('same');
    const metrics = await (await fetch(new URL('/metrics', gateway.adminUrl))).text();
    expect(metrics).to.match(/gen_ai_tool_name="count"/);
  });

  it('knows nothing of the same program with other arguments, or with "lists": "dynamic"', async () => {
    await learn();
    for (const [gateway, processes] of [
      [await start(), 0],
      [await start(['--chatty']), 1],
      [await start([], { lists: 'dynamic' }), 1],
    ] as const) {
      const started = collect(gateway.events, 'thread-started');
      await sessionOf(gateway, 'odd');
      expect(started).to.have.length(processes);
    }
  });

  it('knows nothing of a program that answered differently each time', async () => {
    await learn(['--random']);
    const folder = join(process.env.XDG_CACHE_HOME ?? '', 'mcp-bulkhead', 'learned');
    expect(readdirSync(folder)).to.have.length(1);
    const gateway = await start(['--random']);
    for (const outcome of ['replaced', 'dynamic']) {
      const learned = once(gateway.events, 'lists-learned');
      await (await sessionOf(gateway, 'odd')).call('count');
      expect((await learned).outcome).to.equal(outcome);
    }
    await gateway.close();
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});
