import { expect } from 'chai';
import {
  MAX_PARKED,
  MAX_PARKED_OF_ONE_PRINCIPAL,
  type ParkedCallOwner,
  ParkedCalls,
} from '../../../src/session/parked-calls.js';
import { type BoundRequest, paramsDigest, RequestStates } from '../../../src/session/request-state.js';
import { GatewayEmitter, type RequestFacts } from '../../../src/telemetry/events.js';
import { collect } from '../../support/events.js';
import { FakeClock } from '../../support/fake-clock.js';
import { requestOf } from '../metrics/fake-gateway.js';

const MINUTE = 60_000;
const KEY = Buffer.alloc(32, 7).toString('base64');

class Compartment implements ParkedCallOwner {
  readonly abandoned: string[] = [];
  onAbandoned(key: string, why: string): void {
    this.abandoned.push(`${key}: ${why}`);
  }
}

function boundTo(principal = 'token', name = 'book'): BoundRequest {
  const digest = paramsDigest({ name });
  return { server: 'env', principal, sharedBy: principal, method: 'tools/call', digest };
}

describe('Parked calls', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock().install();
  });

  afterEach(() => clock.restore());

  function table(stateKey?: string) {
    const events = new GatewayEmitter();
    const unparked = collect(events, 'call-unparked');
    const calls = new ParkedCalls<Compartment>(new RequestStates(stateKey), events);
    const owner = new Compartment();
    const park = (key: string, principal?: string, at = owner) =>
      calls.park(requestOf({ key }) as RequestFacts, boundTo(principal), at);
    const outcomes = () => unparked.map(({ key, outcome }) => `${key} ${outcome}`);
    return { calls, owner, park, outcomes };
  }

  it('are given back to the client that continues them', () => {
    const { calls, owner, park, outcomes } = table();
    const state = park('r-1');
    expect(calls.size).to.equal(1);
    expect(calls.take(String(state), boundTo())).to.deep.equal({ key: 'r-1', owner });
    expect(calls.size).to.equal(0);
    expect(outcomes()).to.deep.equal(['r-1 resumed']);
    expect(owner.abandoned).to.deep.equal([]);
  });

  it('are continued once with each state', () => {
    const { calls, park } = table();
    const first = String(park('r-1'));
    calls.take(first, boundTo());
    expectRefused(calls.take(first, boundTo()), 'request_state', -32602, /^Repeated requestState/);
    const second = String(park('r-1'));
    expectRefused(calls.take(first, boundTo()), 'request_state', -32602, /^Repeated requestState/);
    expect(calls.take(second, boundTo())).to.include({ key: 'r-1' });
  });

  it('are not given to another principal, to other parameters, or to a forged state, and wait on', () => {
    const { calls, park } = table();
    const state = String(park('r-1'));
    const wrong = [
      calls.take(state, boundTo('anonymous')),
      calls.take(state, boundTo('token', 'cancel')),
      calls.take(`${state}-TAMPERED`, boundTo()),
      calls.take('bulkhead1.', boundTo()),
    ];
    for (const refused of wrong) expectRefused(refused, 'request_state', -32602, /^Invalid requestState/);
    expect(calls.take(state, boundTo())).to.include({ key: 'r-1' });
  });

  it('are cancelled after 5 minutes, and their states have expired then', async () => {
    const { calls, owner, park, outcomes } = table();
    const state = String(park('r-1'));
    await clock.advance(5 * MINUTE - 1);
    expect(owner.abandoned).to.deep.equal([]);
    await clock.advance(1);
    expect(owner.abandoned).to.deep.equal(['r-1: its client did not continue it within 5 minutes']);
    expect(calls.size).to.equal(0);
    expect(outcomes()).to.deep.equal(['r-1 abandoned']);
    expectRefused(calls.take(state, boundTo()), 'request_state', -32602, /^Expired requestState/);
    await clock.advance(MINUTE);
    expect(owner.abandoned).to.have.lengthOf(1);
  });

  it('have the whole time again in each round', async () => {
    const { calls, owner, park } = table();
    for (let round = 0; round < 3; round += 1) {
      const state = String(park('r-1'));
      await clock.advance(4 * MINUTE);
      expect(calls.take(state, boundTo())).to.include({ key: 'r-1' });
    }
    await clock.advance(10 * MINUTE);
    expect(owner.abandoned).to.deep.equal([]);
  });

  it('of one principal are 64 at most, without any loss for others', () => {
    const { calls, park } = table();
    const states = Array.from({ length: MAX_PARKED_OF_ONE_PRINCIPAL }, (_, index) => park(`r-${index}`));
    expectRefused(park('r-more'), 'parked_limit', undefined, /64 of your calls wait.*5 minutes/);
    expect(park('r-other', 'anonymous')).to.be.a('string');
    calls.take(String(states[0]), boundTo());
    expect(park('r-more')).to.be.a('string');
  });

  it('of clients without credentials have no limit but that of all: they are not one principal', () => {
    const { park } = table();
    for (let index = 0; index <= MAX_PARKED_OF_ONE_PRINCIPAL; index += 1)
      expect(park(`r-${index}`, 'anonymous')).to.be.a('string');
  });

  it('of all principals are 1,024 at most', () => {
    const { calls, park } = table();
    for (let index = 0; index < MAX_PARKED; index += 1)
      expect(park(`r-${index}`, `p${index % 32}`)).to.be.a('string');
    expectRefused(park('r-more', 'new'), 'parked_limit', undefined, /1024 calls wait/);
    expect(calls.size).to.equal(MAX_PARKED);
  });

  it('are lost with their compartment, and the client is told to call anew', () => {
    const { calls, owner, park, outcomes } = table();
    const neighbour = new Compartment();
    const state = String(park('r-1'));
    const other = String(park('r-2', undefined, neighbour));
    calls.lost(owner, 'its thread ended: it exited with code 1.');
    expectRefused(
      calls.take(state, boundTo()),
      'parked_call_lost',
      -32603,
      /gone: its thread ended: it exited with code 1\. Call anew without requestState\.$/,
    );
    expect(owner.abandoned, 'nothing is left to be cancelled').to.deep.equal([]);
    expect(calls.take(other, boundTo())).to.deep.equal({ key: 'r-2', owner: neighbour });
    expect(outcomes()).to.deep.equal(['r-1 lost', 'r-2 resumed']);
  });

  it('of a gateway that was restarted with the same state-key are lost; with another one, their states are invalid', () => {
    const before = table(KEY);
    const state = String(before.park('r-1'));
    const after = table(KEY);
    // It counts its rounds and keys from the beginning as well.
    after.park('r-1');
    expectRefused(after.calls.take(state, boundTo()), 'parked_call_lost', -32603, /has been restarted/);
    expectRefused(table().calls.take(state, boundTo()), 'request_state', -32602, /^Invalid/);
    before.calls.drain();
    after.calls.drain();
  });

  it('are cancelled by a drain, after which none may wait', () => {
    const { calls, owner, park, outcomes } = table();
    const state = String(park('r-1'));
    calls.drain();
    expect(owner.abandoned).to.deep.equal(['r-1: the server is shutting down']);
    expect(outcomes()).to.deep.equal(['r-1 drained']);
    expectRefused(calls.take(state, boundTo()), 'parked_call_lost', -32603, /shutting down/);
    expectRefused(park('r-2'), 'draining', undefined, /shutting down/);
  });

  it('leave nothing behind but what became of the last 1,024', () => {
    const { calls, park, owner } = table();
    const first = String(park('r-first'));
    calls.lost(owner, 'it died');
    for (let index = 0; index < MAX_PARKED; index += 1) {
      park(`r-${index}`);
      calls.lost(owner, 'it died');
    }
    expectRefused(calls.take(first, boundTo()), 'request_state', -32602, /^Repeated/);
    expect(clock.timers.size).to.equal(0);
  });
});

function expectRefused(result: unknown, reason: string, code: number | undefined, message: RegExp): void {
  expect(result).to.be.an('object');
  const refused = result as { reason: string; code?: number; message: string };
  expect(refused).to.include({ reason });
  expect(refused.code).to.equal(code);
  expect(refused.message).to.match(message);
}
