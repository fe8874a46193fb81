/**
 * How long an answer takes does not tell whether another principal has what an identifier names. Only a look-up that does
 * more for what exists than for what does not would be so much slower that a busy machine cannot hide it.
 */
import { expect } from 'chai';
import { Belongings, callOf } from '../support/belongings.js';
import type { RawClient, RawResponse } from '../support/raw-client.js';
import { toolCall } from '../support/raw-client.js';
import { clientOf, gatewayOfTwo, unknownId, unknownState } from '../support/two-principals.js';

const ROUNDS = 200;
const WARM_UP_ROUNDS = 20;
const MOST_SHARE = 0.25;
const MOST_MS = 0.3;

type Ask = (identifier: string) => Promise<RawResponse>;

/** What takes longer than this was held up by the rest of the machine. */
const FASTEST_SHARE = 0.1;

/** The time that the fastest tenth stays below. */
function fastOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * FASTEST_SHARE)]!;
}

async function msOf(ask: Ask, identifier: string): Promise<number> {
  const startMs = performance.now();
  await (await ask(identifier)).text();
  return performance.now() - startMs;
}

/** The times of the fastest for an identifier of ada and for one that nobody has, asked in turns. */
async function fastest(
  ask: Ask,
  identifier: string,
  newUnknown: () => string,
): Promise<{ readonly knownMs: number; readonly unknownMs: number }> {
  const known: number[] = [];
  const unknown: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    const isFirst = round % 2 === 0;
    const other = newUnknown();
    const firstMs = await msOf(ask, isFirst ? identifier : other);
    const secondMs = await msOf(ask, isFirst ? other : identifier);
    if (round < 0) continue;
    known.push(isFirst ? firstMs : secondMs);
    unknown.push(isFirst ? secondMs : firstMs);
  }
  return { knownMs: fastOf(known), unknownMs: fastOf(unknown) };
}

describe('An identifier of another principal', () => {
  const gateway = gatewayOfTwo();
  let ada: Belongings;
  let bob: RawClient;
  let bobAtHandles: RawClient;
  before('open the sessions', async () => {
    ada = await Belongings.open(gateway());
    bob = clientOf(gateway(), 'bob');
    bobAtHandles = clientOf(gateway(), 'bob', '/handles/mcp');
  });
  after('close the connections', () => {
    bob.destroy();
    bobAtHandles.destroy();
    ada.close();
  });

  async function expectSameTime(
    ask: Ask,
    identifier: string,
    newUnknown: () => string = unknownId,
  ): Promise<void> {
    const { knownMs, unknownMs } = await fastest(ask, identifier, newUnknown);
    const mostMs = MOST_SHARE * Math.min(knownMs, unknownMs) + MOST_MS;
    expect(Math.abs(knownMs - unknownMs), `ms between ${knownMs} and ${unknownMs}`).to.be.below(mostMs);
  }

  const SEEN = toolCall('bob', 'seen');
  const places: readonly [place: string, ask: Ask][] = [
    ['POST', (id) => bob.post(SEEN, { 'mcp-session-id': id })],
    ['GET', (id) => bob.get({ 'mcp-session-id': id })],
    ['DELETE', (id) => bob.delete({ 'mcp-session-id': id })],
  ];
  for (const [place, ask] of places)
    it(`takes as long as an unknown one as the id of a session on ${place}`, () =>
      expectSameTime(ask, ada.ids['session over Streamable HTTP']));

  it('takes as long as an unknown one at the legacy endpoint', () =>
    expectSameTime(
      (id) =>
        bob.send('POST', JSON.stringify(SEEN), {}, new URL(`/own/messages?sessionId=${id}`, gateway().url)),
      ada.ids['legacy session'],
    ));

  it('takes as long as an unknown one as a handle', () =>
    expectSameTime((id) => callOf(bobAtHandles, 'seen', id), ada.ids.handle));

  it('takes as long as an unknown one as the state of a call that waits', async () => {
    const { state, finish } = await ada.park();
    await expectSameTime(
      (requestState) => callOf(bob, 'ask', undefined, {}, { requestState }),
      state,
      () => unknownState(state),
    );
    await finish();
    await ada.expectUnharmed();
  });
});
