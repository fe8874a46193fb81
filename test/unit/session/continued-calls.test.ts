import { expect } from 'chai';
import type { ClientRequest } from '../../../src/protocol/client-message.js';
import { boundRequest } from '../../../src/session/request-state.js';
import type { Session } from '../../../src/session/session.js';
import { collect } from '../../support/events.js';
import { settle } from '../../support/fake-clock.js';
import { CANCEL_GRACE_MS, Connection, call, SECOND, world } from '../../support/fake-sessions.js';

const MINUTE = 60 * SECOND;

function stateless(key: string, replyId: number): ClientRequest {
  return { ...call(replyId, 'book'), id: key, replyId, stateless: true };
}

describe('A call that waits for its client', () => {
  async function parked(options: Parameters<typeof world>[0] = {}) {
    const given = world(options);
    const { session, worker } = await given.awake();
    const connection = new Connection();
    session.request([stateless('r-1', 1)], false, connection);
    worker.asks('r-1');
    return { ...given, session, worker, state: stateIn(connection), requests: given.all.totals };
  }

  function stateIn({ bodies }: Connection): string {
    return (JSON.parse(bodies.at(-1) ?? '') as { requestState: string }).requestState;
  }

  function take(
    { all, session }: { all: Awaited<ReturnType<typeof parked>>['all']; session: Session },
    state: string,
  ) {
    const { server, principal } = session.context;
    const caller = { server, principal, sharedBy: principal };
    return all.parked.take(state, boundRequest(caller, 'tools/call', call(0, 'book').body));
  }

  it('is answered with its state, is not in flight any more, and keeps its worker', async () => {
    const given = await parked();
    expect(given.state).to.match(/^bulkhead1\./);
    expect(given.requests.requestsInFlight).to.equal(0);
    expect(given.all.parked.size).to.equal(1);
    await given.clock.advance(MINUTE);
    expect(given.session.state, 'after sleep-after').to.equal('awake');
    expect(given.worker.aborted).to.deep.equal([]);
  });

  it('keeps its session, however short session-idle is, until nobody has continued it', async () => {
    const given = await parked({ sessionIdleMs: 30 * SECOND });
    await given.clock.advance(5 * MINUTE - SECOND);
    expect(given.reasons()).to.deep.equal([]);
    await given.clock.advance(2 * MINUTE);
    expect(given.reasons()).to.deep.equal(['idle']);
  });

  it('goes on with the next request of its client, whose connection gets the answer', async () => {
    const given = await parked();
    const taken = take(given, given.state);
    expect(taken).to.deep.equal({ key: 'r-1', owner: given.session });
    const connection = new Connection();
    given.session.continueCall(stateless('r-1', 2), connection);
    expect(given.worker.read.at(-1), 'what its worker is given').to.equal(call(2, 'book').body);
    expect(given.session.requestsInFlight).to.equal(1);
    given.worker.answers('r-1', { done: true });
    expect(connection.bodies).to.have.lengthOf(1);
    expect(connection.bodies[0]).to.include('"done":true');
    expect(given.session.requestsInFlight).to.equal(0);
  });

  it('may wait again, with another state', async () => {
    const given = await parked();
    take(given, given.state);
    const connection = new Connection();
    given.session.continueCall(stateless('r-1', 2), connection);
    given.worker.asks('r-1');
    expect(stateIn(connection)).not.to.equal(given.state);
    expect(take(given, given.state)).to.include({ reason: 'request_state' });
    expect(take(given, stateIn(connection))).to.include({ key: 'r-1' });
  });

  it('is cancelled when nobody continues it, and its worker is killed if it does not heed that', async () => {
    const given = await parked();
    given.worker.heeds = false;
    given.worker.spins = true;
    await given.clock.advance(5 * MINUTE);
    expect(given.worker.aborted).to.deep.equal(['r-1']);
    expect(given.worker.state).to.equal('claimed');
    await given.clock.advance(CANCEL_GRACE_MS);
    expect(given.worker.state).to.equal('gone');
    expect(given.session.state).to.equal('asleep');
  });

  it('is cancelled when the client that has continued it is gone', async () => {
    const given = await parked();
    take(given, given.state);
    const connection = new Connection();
    given.session.continueCall(stateless('r-1', 2), connection);
    connection.closes();
    await given.clock.advance(10 * SECOND);
    expect(given.worker.aborted).to.deep.equal(['r-1']);
  });

  it('is lost with its worker, and so is what continues it at that moment', async () => {
    const given = await parked();
    given.worker.dies({ cause: 'crash', message: 'it threw.' });
    await settle();
    expect(take(given, given.state)).to.include({ reason: 'parked_call_lost' });

    const other = await given.awake();
    const first = new Connection();
    other.session.request([stateless('r-2', 1)], false, first);
    other.worker.asks('r-2');
    take({ ...given, session: other.session }, stateIn(first));
    const connection = new Connection();
    other.worker.reads = false;
    other.session.continueCall(stateless('r-2', 2), connection);
    other.worker.dies({ cause: 'crash', message: 'it threw.' });
    await settle();
    expect(connection.bodies.join(), 'an error, with its own id').to.match(/"id":2,"error":.*it threw/);
  });

  it('is lost with its session', async () => {
    const given = await parked();
    await given.session.end('idle');
    expect(take(given, given.state)).to.include({ reason: 'parked_call_lost' });
    expect(given.all.parked.size).to.equal(0);
  });

  it('is cancelled by a drain, which does not wait for its client', async () => {
    const given = await parked();
    const drained = given.all.drain(10 * MINUTE);
    expect(given.worker.aborted).to.deep.equal(['r-1']);
    await given.clock.advance(SECOND);
    await drained;
  });

  it('is not parked if too many are: its client is told so, and its handler is cancelled', async () => {
    const given = await parked();
    Object.assign(given.session.context, { principal: 'token' });
    const rejected = collect(given.events, 'rejected');
    for (let index = 2; index <= 66; index += 1) {
      const connection = new Connection();
      given.session.request([stateless(`r-${index}`, index)], false, connection);
      given.worker.asks(`r-${index}`);
      if (index < 66) expect(connection.bodies[0]).to.include('requestState');
      else expect(connection.bodies[0]).to.match(/"id":66,"error":\{"code":-31000,.*64 of your calls wait/);
    }
    expect(given.worker.aborted).to.deep.equal(['r-66']);
    expect(rejected.map(({ reason }) => reason)).to.deep.equal(['parked_limit']);
  });

  it('is answered at once if its client cannot answer, and its handler is cancelled', async () => {
    const given = world();
    const { session, worker } = await given.awake();
    const finished = collect(given.events, 'request-finished');
    const connection = new Connection();
    session.request([stateless('r-1', 1)], false, connection);
    worker.asksInVain('r-1');
    expect(connection.bodies).to.deep.equal(['{"error":{}}']);
    expect(worker.aborted).to.deep.equal(['r-1']);
    expect(finished.map(({ failure }) => failure)).to.deep.equal(['-32021']);
  });

  it('is not parked if it belongs to the session era, whatever its worker says', async () => {
    const given = world();
    const { session, worker } = await given.awake();
    const connection = given.ask(session, 7);
    worker.asks(7);
    worker.asksInVain(7);
    expect(given.all.parked.size).to.equal(0);
    expect(connection.bodies).to.deep.equal([]);
  });

  it('is not parked if its client is gone by then', async () => {
    const given = world();
    const { session, worker } = await given.awake();
    worker.heeds = false;
    const connection = new Connection();
    session.request([stateless('r-1', 1)], false, connection);
    connection.closes();
    await given.clock.advance(10 * SECOND - CANCEL_GRACE_MS);
    worker.asks('r-1');
    expect(given.all.parked.size).to.equal(0);
  });
});
