/** A POST's connection that closes before its response: how long its request goes on, and what keeps it. */
import { expect } from 'chai';
import { parseEventId } from '../../../src/delivery/event-id.js';
import type { Session } from '../../../src/session/session.js';
import { collect } from '../../support/events.js';
import { Connection, OPTIONS, SECOND, SSE_AFTER_MS, world } from '../../support/fake-sessions.js';

const GRACE_MS = OPTIONS.resumeGraceMs;
const RETRY_MS = SECOND;

describe('A request whose stream was lost, and whose client can come back', () => {
  it('goes on for resume-grace, and is cancelled then, not before', async () => {
    const { clock, cancellations, streamed, worker } = await streaming();
    streamed.closes();
    await clock.advance(GRACE_MS - 10);
    expect(cancellations).to.deep.equal([]);
    await clock.advance(20);
    expect(cancellations.map(({ reason }) => reason)).to.deep.equal(['resume_expired']);
    expect(worker.aborted).to.deep.equal([2]);
  });

  it('goes on where its client comes back in time, however long it then takes', async () => {
    const { clock, cancellations, session, streamed, worker } = await streaming();
    streamed.closes();
    await clock.advance(GRACE_MS - 10);
    const resumed = comesBack(session, streamed);
    await clock.advance(10 * GRACE_MS);
    worker.answers(2);
    expect(resumed.bodies).to.deep.equal(['{"jsonrpc":"2.0","id":2,"result":{}}']);
    expect(cancellations).to.deep.equal([]);
  });

  it('goes on where its client comes back before the loss was noticed', async () => {
    const { clock, cancellations, session, streamed, worker } = await streaming();
    const resumed = comesBack(session, streamed);
    streamed.closes();
    await clock.advance(10 * GRACE_MS);
    worker.answers(2);
    expect(resumed.bodies).to.have.length(1);
    expect(cancellations).to.deep.equal([]);
  });

  it('has the whole grace anew after each loss: many losses and resumes keep it', async () => {
    const { clock, cancellations, session, streamed, worker } = await streaming();
    let connection = streamed;
    for (let loss = 0; loss < 5; loss += 1) {
      connection.closes();
      await clock.advance(GRACE_MS - 10);
      connection = comesBack(session, connection);
    }
    worker.answers(2);
    expect(connection.bodies).to.have.length(1);
    expect(cancellations).to.deep.equal([]);
  });

  it('is cancelled where its client came back, is lost again and stays away', async () => {
    const { clock, cancellations, session, streamed } = await streaming();
    streamed.closes();
    await clock.advance(GRACE_MS - 10);
    comesBack(session, streamed).closes();
    await clock.advance(GRACE_MS - 10);
    expect(cancellations).to.deep.equal([]);
    await clock.advance(20);
    expect(cancellations.map(({ reason }) => reason)).to.deep.equal(['resume_expired']);
  });

  it('has the time of retry besides, where the server closed the stream on purpose (SEP-1699)', async () => {
    const { clock, cancellations, worker } = await streaming();
    worker.closesStream(2);
    await clock.advance(GRACE_MS + RETRY_MS - 10);
    expect(cancellations).to.deep.equal([]);
    await clock.advance(20);
    expect(cancellations.map(({ reason }) => reason)).to.deep.equal(['resume_expired']);
  });
});

describe('A request whose connection closes before it has become a stream', () => {
  it('is cancelled at once, and no other one of its session', async () => {
    const { cancellations, ask, clock, session, worker } = await streaming();
    const closed = ask(session, 3);
    const other = ask(session, 4);
    closed.closes();
    expect(cancellations.map(({ reason }) => reason)).to.deep.equal(['disconnect']);
    await clock.advance(SECOND / 2);
    expect(worker.aborted).to.deep.equal([3]);
    worker.answers(4);
    expect(other.bodies).to.deep.equal(['{"jsonrpc":"2.0","id":4,"result":{}}']);
  });
});

/** A session with a call, of id 2, that has become a stream, and whose client has an event id of it. */
async function streaming() {
  const house = world({ sleepAfterMs: 0 });
  const { session, worker } = await house.awake();
  const cancellations = collect(house.events, 'request-cancelled');
  const streamed = house.ask(session, 2);
  await house.clock.advance(SSE_AFTER_MS + 10);
  expect(streamed.lastEventId).not.to.equal('');
  return { ...house, session, worker, cancellations, streamed };
}

/** The client resumes where the lost connection left it. */
function comesBack(session: Session, lost: Connection): Connection {
  const connection = new Connection();
  connection.lastEventId = lost.lastEventId;
  session.resume(parseEventId(lost.lastEventId)!, connection);
  return connection;
}
