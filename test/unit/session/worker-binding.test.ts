import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { PostedMessage, PostedRequest, SessionWorker } from '../../../src/isolation/worker.js';
import { SessionTotals } from '../../../src/session/session-totals.js';
import { type BindingOwner, WorkerBinding } from '../../../src/session/worker-binding.js';
import type { BulkheadError } from '../../../src/shared/errors.js';

/** A request to the pool. */
interface Asked {
  readonly signal: AbortSignal;
  readonly give: (worker: SessionWorker) => void;
  readonly fail: (error: unknown) => void;
}

function bindingWithPool(): { binding: WorkerBinding; asked: Asked[]; unavailable: string[] } {
  const asked: Asked[] = [];
  const unavailable: string[] = [];
  const owner: Partial<BindingOwner> = {
    totals: new SessionTotals(() => {}),
    acquire: (signal: AbortSignal) => new Promise((give, fail) => asked.push({ signal, give, fail })),
    onUnavailable: ({ message }: BulkheadError) => void unavailable.push(message),
  };
  return { binding: new WorkerBinding(owner as BindingOwner), asked, unavailable };
}

/** Records what is done with it. */
function workerWithLog(): { worker: SessionWorker; log: string[] } {
  const log: string[] = [];
  const worker = {
    state: 'spare',
    claim: () => log.push('claim'),
    post: ({ body }: PostedMessage) => log.push(body),
    kill: () => log.push('kill'),
  };
  return { worker: worker as unknown as SessionWorker, log };
}

function request(requestId: number, body: string): PostedRequest {
  return { requestId, operation: 'echo', key: `key-${requestId}`, body, fastPath: false, stateless: false };
}

describe('a session whose waiting call is cancelled', () => {
  it('gives up a worker that comes all the same, and its next call asks for another', async () => {
    const { binding, asked } = bindingWithPool();
    const [late, next] = [workerWithLog(), workerWithLog()];
    binding.request(request(1, 'first'));
    binding.cancel(1, 'its client asked for it');
    expect(asked[0]?.signal.aborted).to.equal(true);
    expect(binding.state).to.equal('asleep');
    binding.request(request(2, 'second'));
    expect(asked).to.have.length(2);
    asked[0]?.give(late.worker);
    await turn();
    expect(late.log).to.deep.equal(['kill']);
    expect(binding.state).to.equal('waking');
    asked[1]?.give(next.worker);
    await turn();
    expect(next.log).to.deep.equal(['claim', 'second']);
  });

  it('fails nobody when the pool lets it go', async () => {
    const { binding, asked, unavailable } = bindingWithPool();
    const next = workerWithLog();
    binding.request(request(1, 'first'));
    binding.cancel(1, 'its client asked for it');
    binding.request(request(2, 'second'));
    asked[0]?.fail(asked[0].signal.reason);
    await turn();
    expect(unavailable).to.deep.equal([]);
    asked[1]?.give(next.worker);
    await turn();
    expect(next.log).to.deep.equal(['claim', 'second']);
  });
});

describe('what a new session may be sent', () => {
  it('is little once all sessions together have sent too much, its first message included', () => {
    let unreadOfAll = 0;
    const owner: Partial<BindingOwner> = {
      totals: new SessionTotals(() => {}),
      unreadChars: () => unreadOfAll,
    };
    const binding = new WorkerBinding(owner as BindingOwner);
    expect(binding.unreadFull(4 * 1024 * 1024)).to.equal(false);
    unreadOfAll = 256 * 1024 * 1024 + 1;
    expect(binding.unreadFull(64 * 1024)).to.equal(false);
    expect(binding.unreadFull(64 * 1024 + 1)).to.equal(true);
  });
});
