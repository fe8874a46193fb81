/** Principals at their quota, and some that are over it: those within it never see an error. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Authentication } from '../../../src/index.js';
import { collect } from '../../support/events.js';
import { rawClient, startGateway } from '../../support/gateway.js';
import { fixtureModule } from '../../support/modules.js';
import type { RawClient } from '../../support/raw-client.js';

const WITHIN = 45;
const OVER = 5;
const QUOTA_PER_SECOND = 5;
const SECONDS = 60;

function authenticate({ headers }: IncomingMessage): Authentication {
  return { issuer: 'https://issuer.example', subject: String(headers['x-user']) };
}

describe('50 principals, of which 5 are over their quota for a minute', () => {
  it('disturb none of those who are within it', async () => {
    const gateway = await startGateway({
      serverModule: fixtureModule('light'),
      authenticate,
      quotaRate: QUOTA_PER_SECOND,
      maxThreads: 64,
    });
    const refusals = collect(gateway.events, 'quota-refused');
    const clients: RawClient[] = [];
    for (let index = 0; index < WITHIN + OVER; index += 1) {
      const client = rawClient(gateway, { headers: { 'x-user': `user-${index}` } });
      await client.initialize();
      clients.push(client);
    }
    const endMs = performance.now() + SECONDS * 1_000;
    const errors: string[] = [];
    let answered = 0;
    const keepToQuota = async (client: RawClient): Promise<void> => {
      while (performance.now() < endMs) {
        const { error } = await client.call('thread', {}, { deadlineMs: 60_000 });
        if (error === undefined) answered += 1;
        else errors.push(error.message);
        await delay(1_000 / QUOTA_PER_SECOND);
      }
    };
    const exceed = async (client: RawClient): Promise<void> => {
      while (performance.now() < endMs) {
        await client.call('thread', {}, { deadlineMs: 60_000 });
        await delay(20);
      }
    };
    await Promise.all([...clients.slice(0, WITHIN).map(keepToQuota), ...clients.slice(WITHIN).map(exceed)]);
    expect(errors).to.deep.equal([]);
    expect(answered).to.be.above(0);
    const refused = new Set(refusals.map(({ principal }) => principal));
    expect([...refused].sort()).to.deep.equal(
      clients.slice(WITHIN).map((_, index) => `https://issuer.example user-${WITHIN + index}`),
    );
    // A line a minute for each of them, not one for each refusal.
    expect(refusals.filter(({ unreported }) => unreported !== undefined).length).to.be.at.most(2 * OVER);
  }).timeout(4 * SECONDS * 1_000);
});
