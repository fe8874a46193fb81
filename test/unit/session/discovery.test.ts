/** `server/discover` of a server of which the main thread knows nothing: it is asked once, and nobody waits for it for long. */
import { expect } from 'chai';
import { Compartments } from '../../../src/session/compartments/compartments.js';
import { Discovery } from '../../../src/session/compartments/discovery.js';
import type { RequestId } from '../../../src/shared/request-id.js';
import { NOBODY } from '../../../src/shared/session-context.js';
import { settle } from '../../support/fake-clock.js';
import { SECOND, world } from '../../support/fake-sessions.js';

const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';
const INFO = { name: 'maps', version: '2.0.0' };
const INTRODUCTION = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {} },
  instructions: 'only for alice',
  ttlMs: 0,
  cacheScope: 'private',
  _meta: { [SERVER_INFO]: INFO },
};

interface Asked {
  id?: RequestId;
  result?: Record<string, unknown> & { capabilities: Record<string, unknown> };
}

function served(given: Parameters<typeof world>[0] = {}) {
  const parts = world({ affinity: 'request', ...given } as Parameters<typeof world>[0]);
  const discovery = new Discovery(parts.sessions, new Compartments(parts.sessions, parts.streams));
  const discover = (id: RequestId, principal = 'alice'): Asked => {
    const asked: Asked = {};
    const caller = {
      principal,
      identity: NOBODY,
      metadata: {},
      userAgent: undefined,
      remoteAddress: undefined,
    };
    void discovery.answer(caller, id).then((body) => Object.assign(asked, JSON.parse(body)));
    return asked;
  };
  /** The requests that workers have been sent, and the worker of each. */
  const sent = () =>
    parts.starter.started.flatMap((worker) =>
      worker.read.map((body) => ({ worker, id: (JSON.parse(body) as { id: string }).id })),
    );
  const introduce = async (): Promise<void> => {
    const { worker, id } = sent().at(-1)!;
    worker.answers(id, INTRODUCTION);
    await settle();
  };
  return { ...parts, discover, sent, introduce };
}

describe('server/discover of a server that has not introduced itself', () => {
  it('is asked of one compartment, for all who ask meanwhile, and kept for those who ask later', async () => {
    const { discover, sent, introduce } = served();
    const both = [discover('a'), discover(2)];
    await settle();
    expect(sent()).to.have.length(1);
    await introduce();
    expect(both).to.deep.equal([
      { jsonrpc: '2.0', id: 'a', result: INTRODUCTION },
      { jsonrpc: '2.0', id: 2, result: INTRODUCTION },
    ]);
    const later = discover('b');
    await settle();
    expect(later).to.deep.include({ id: 'b', result: INTRODUCTION });
    expect(sent()).to.have.length(1);
  });

  it('is answered with what is presumed where no thread is to be had for 3 s, and then with what it says', async () => {
    const { discover, awake, ask, clock, introduce } = served({ maxThreads: 1 });
    const { session, worker } = await awake();
    ask(session, 2);
    const waiting = discover('a');
    await clock.advance(2 * SECOND);
    expect(waiting.result).to.equal(undefined);
    await clock.advance(2 * SECOND);
    expect(waiting.id).to.equal('a');
    expect(waiting.result).to.include({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' });
    expect(waiting.result?.capabilities).to.have.keys('tools', 'prompts', 'resources');
    worker.answers(2);
    await session.end('delete');
    await clock.advance(SECOND);
    await introduce();
    const later = discover('b');
    await settle();
    expect(later.result).to.deep.equal(INTRODUCTION);
  });

  it('is answered with what is presumed at once where its compartment fails', async () => {
    const { discover, sent } = served();
    const waiting = discover('a');
    await settle();
    sent()[0]?.worker.dies({ cause: 'crash', message: 'it crashed' });
    await settle();
    expect(waiting.result?.capabilities).to.have.keys('tools', 'prompts', 'resources');
  });

  it('is answered with what is presumed when the gateway begins to drain, which does not wait for the server', async () => {
    const { discover, all } = served();
    const waiting = discover('a');
    await settle();
    expect(all.requestsInFlight).to.equal(1);
    const drained = all.drain(60 * SECOND);
    await settle();
    expect(waiting.result).to.include({ resultType: 'complete' });
    await drained;
  });

  it('tells other principals what it can do, but not what it says to one', async () => {
    const { discover, introduce, clock, sessions } = served({ maxThreads: 1 });
    discover('a');
    await settle();
    await introduce();
    expect(sessions.stateless.serverInfo).to.deep.equal(INFO);
    const other = discover('b', 'bob');
    await clock.advance(4 * SECOND);
    expect(other.result).to.deep.include({ capabilities: { tools: {} }, _meta: { [SERVER_INFO]: INFO } });
    expect(other.result).to.not.have.property('instructions');
  });

  it('leaves no more than four questions behind that nobody waits for', async () => {
    const { discover, clock, all } = served({ maxThreads: 10 });
    for (let count = 0; count < 6; count += 1) discover(count, `principal ${count}`);
    await clock.advance(2 * SECOND);
    expect(all.requestsInFlight).to.equal(6);
    await clock.advance(2 * SECOND);
    expect(all.requestsInFlight).to.equal(4);
  });
});
