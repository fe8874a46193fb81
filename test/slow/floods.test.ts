import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { repeatedWhile } from '../fixtures/isolation/neighbour.js';
import { connectedClient, sharedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { program, sessionOf, sharedCatalogue } from '../support/programs.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const FLOOD_MS = 1_500;
/** On a slow machine a flood lasts for longer than that, until it has been one. */
const LEAST_TURNS = 50;
const CALM_MS = 300;
/** The share of its usual service that a session must get beside a flood. Without any limit it got none. */
const LEAST_SHARE = 1 / 25;
const PATIENCE = { deadlineMs: 30_000 };

describe('a tool that never gives its event loop back, and floods the gateway meanwhile', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('floods') });

  for (const what of [
    'small values into session.state',
    'large values into session.state',
    'holds that are released at once',
    'requests to close the GET stream',
  ]) {
    // Without any limit, others were served once in seconds.
    it(`keeps no other session waiting: ${what}`, async () => {
      const [flooding, neighbour] = [await connectedClient(gateway()), await connectedClient(gateway())];
      await flooding.get();
      const ask = () => neighbour.call('echo', { text: 'hello' }, PATIENCE);
      const calm = await servedWhile(delay(CALM_MS), ask);
      const flood = flooding.call('flood', { what, ms: FLOOD_MS, turns: LEAST_TURNS }, PATIENCE);
      const flooded = await servedWhile(flood, ask);
      expect(flooded.texts).to.deep.equal(['hello']);
      expect(flooded.perSecond).to.be.above(calm.perSecond * LEAST_SHARE);
      expect(Number(textOf(await flood))).to.be.at.least(LEAST_TURNS);
    });
  }

  it('keeps no other session’s child processes waiting: signals', async function () {
    if (process.platform !== 'linux') this.skip();
    const [flooding, neighbour] = [await connectedClient(gateway()), await connectedClient(gateway())];
    const ask = () => neighbour.call('child', {}, PATIENCE);
    const calm = await servedWhile(delay(CALM_MS), ask);
    const flooded = await servedWhile(flooding.call('flood_signals', { ms: FLOOD_MS }, PATIENCE), ask);
    expect(flooded.texts).to.deep.equal(['exit code 0']);
    expect(flooded.perSecond).to.be.above(calm.perSecond * LEAST_SHARE);
  });

  it('has its last value of session.state all the same', async () => {
    const client = await connectedClient(gateway());
    const turns = Number(
      textOf(
        await client.call('flood', { what: 'small values into session.state', ms: 200, turns: 1 }, PATIENCE),
      ),
    );
    expect(textOf(await client.call('state'))).to.equal(`${turns - 1}`);
  });
});

describe('a server that writes to its client without an end', () => {
  const logLine = `${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } })}\n`;
  const gateway = sharedCatalogue({
    program: program('odd-server.mjs'),
    module: { module: fileURLToPath(fixtureModule('chatters')) },
    remote: { module: fileURLToPath(fixtureModule('chatters')), isolation: 'process' },
  });

  // Without any limit, the answers of others came seconds late.
  for (const [what, server, tool, args] of [
    ['lines of one character', 'program', 'print', { what: 'x\n' }],
    ['empty lines', 'program', 'print', { what: '\n' }],
    ['messages', 'program', 'print', { what: logLine }],
    ['messages of a module', 'module', 'flood', {}],
    ['messages of a module in a process', 'remote', 'flood', {}],
  ] as const) {
    it(`keeps no other program waiting: ${what}`, async () => {
      const [flooding, neighbour] = [
        await sessionOf(gateway(), server),
        await sessionOf(gateway(), 'program'),
      ];
      const ask = () => neighbour.call('count', {}, PATIENCE);
      const calm = await servedWhile(delay(CALM_MS), ask);
      const flood = flooding.call(tool, { ...args, ms: FLOOD_MS / 2 }, PATIENCE);
      const flooded = await servedWhile(flood, ask);
      expect(flooded.perSecond).to.be.above(calm.perSecond * LEAST_SHARE);
      expect(textOf(await flood)).to.match(/^(printed|\d{2,})$/);
    });
  }
});

/**
 * Asks until the promise settles. @returns the different texts of the answers, and the number of answers in each second
 */
async function servedWhile(pending: Promise<unknown>, ask: () => ReturnType<RawClient['call']>) {
  const texts = new Set<string>();
  let served = 0;
  const beganMs = performance.now();
  await repeatedWhile(pending, async () => {
    texts.add(textOf(await ask()));
    served += 1;
  });
  return { texts: [...texts], perSecond: (served * 1_000) / (performance.now() - beganMs) };
}
