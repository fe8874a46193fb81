import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { SessionThread } from '../../../src/isolation/thread/session-thread.js';
import type { PostedRequest } from '../../../src/isolation/thread-owner.js';
import { SessionTotals } from '../../../src/session/session-totals.js';
import { ThreadLink, type ThreadLinkParts } from '../../../src/session/thread-link.js';
import type { BulkheadError } from '../../../src/shared/errors.js';

/** What the pool was asked for. */
interface Asked {
  readonly signal: AbortSignal;
  readonly give: (thread: SessionThread) => void;
  readonly fail: (error: unknown) => void;
}

function linkWithPool(): { link: ThreadLink; asked: Asked[]; unavailable: string[] } {
  const asked: Asked[] = [];
  const unavailable: string[] = [];
  const parts: Partial<ThreadLinkParts> = {
    totals: new SessionTotals(),
    acquire: (signal) => new Promise((give, fail) => asked.push({ signal, give, fail })),
    onUnavailable: ({ message }: BulkheadError) => void unavailable.push(message),
  };
  return { link: new ThreadLink(parts as ThreadLinkParts), asked, unavailable };
}

/** Writes down what is done with it. */
function threadWithLog(): { thread: SessionThread; log: string[] } {
  const log: string[] = [];
  const thread = {
    claim: () => log.push('claim'),
    request: ({ body }: PostedRequest) => log.push(body),
    terminate: () => log.push('terminate'),
  };
  return { thread: thread as unknown as SessionThread, log };
}

function request(requestId: number, body: string): PostedRequest {
  return { requestId, operation: 'echo', key: `key-${requestId}`, body, fastPath: false };
}

describe('a session whose waiting call is cancelled', () => {
  it('gives up a thread that comes all the same, and its next call asks for another', async () => {
    const { link, asked } = linkWithPool();
    const [late, next] = [threadWithLog(), threadWithLog()];
    link.request(request(1, 'first'));
    link.cancel(1, 'its client asked for it');
    expect(asked[0]?.signal.aborted).to.equal(true);
    expect(link.state).to.equal('asleep');
    link.request(request(2, 'second'));
    expect(asked).to.have.length(2);
    asked[0]?.give(late.thread);
    await turn();
    expect(late.log).to.deep.equal(['terminate']);
    expect(link.state).to.equal('waking');
    asked[1]?.give(next.thread);
    await turn();
    expect(next.log).to.deep.equal(['claim', 'second']);
  });

  it('fails nobody when the pool lets it go', async () => {
    const { link, asked, unavailable } = linkWithPool();
    const next = threadWithLog();
    link.request(request(1, 'first'));
    link.cancel(1, 'its client asked for it');
    link.request(request(2, 'second'));
    asked[0]?.fail(asked[0].signal.reason);
    await turn();
    expect(unavailable).to.deep.equal([]);
    asked[1]?.give(next.thread);
    await turn();
    expect(next.log).to.deep.equal(['claim', 'second']);
  });
});
