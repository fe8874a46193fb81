import { expect } from 'chai';
import { AwaitedAnswers } from '../../load/client/awaited-answers.js';
import { CallTemplate } from '../../load/client/call-template.js';
import { LoadFailure, statusFailure } from '../../load/client/failure-kind.js';
import { newRunId, SessionTokens } from '../../load/client/session-token.js';

function rejectionOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('the token of a load session', () => {
  const tokens = new SessionTokens('0123abcd');

  it('is found in a text where it is not its own', () => {
    const own = tokens.of(1);
    expect(tokens.foreign(`hello ${tokens.of(2)}`, own)).to.equal(tokens.of(2));
    expect(tokens.foreign(`${own} and ${tokens.of(2)} and ${own}`, own)).to.equal(tokens.of(2));
    expect(tokens.foreign(`"id":"${own}:17"`, own)).to.equal(undefined);
    expect(tokens.foreign('', own)).to.equal(undefined);
  });

  it('is not taken for one whose number begins alike, in either direction', () => {
    expect(tokens.foreign(tokens.of(12), tokens.of(1))).to.equal(tokens.of(12));
    expect(tokens.foreign(tokens.of(1), tokens.of(12))).to.equal(tokens.of(1));
  });

  it('is found also where another run made it', () => {
    const other = new SessionTokens('ffffffff').of(1);
    expect(tokens.foreign(`answer for ${other}`, tokens.of(1))).to.equal(other);
  });

  it('is not seen where a text was cut', () => {
    const own = tokens.of(12);
    expect(tokens.foreign(own.slice(0, -1), own)).to.equal(undefined);
    expect(tokens.foreign(tokens.of(1).slice(0, -1), own)).to.equal(undefined);
    expect(tokens.foreign('load-0123abcd-', own)).to.equal(undefined);
  });

  it('differs from run to run', () => {
    expect(newRunId()).to.match(/^[0-9a-f]{8}$/);
    expect(new Set(Array.from({ length: 50 }, newRunId)).size).to.equal(50);
  });
});

describe('the text of a call', () => {
  it('has its id, its progress token and its arguments filled in, wherever the placeholders stand', () => {
    const template = new CallTemplate({
      tool: 'write "x"',
      arguments: { text: '{{session}} {{n}}', deep: [{ '{{n}}': '{{session}}{{session}}' }], count: 2 },
      weight: 1,
    });
    expect(JSON.parse(template.body('a:1', 'tok', 7))).to.deep.equal({
      jsonrpc: '2.0',
      id: 'a:1',
      method: 'tools/call',
      params: {
        name: 'write "x"',
        arguments: { text: 'tok 7', deep: [{ '7': 'toktok' }], count: 2 },
        _meta: { progressToken: 'a:1' },
      },
    });
  });

  it('leaves other braces alone', () => {
    const template = new CallTemplate({ tool: 't', arguments: { text: '{{other}} {n} {{ n }}' }, weight: 1 });
    const body = JSON.parse(template.body('a:1', 'tok', 1)) as { params: { arguments: unknown } };
    expect(body.params.arguments).to.deep.equal({ text: '{{other}} {n} {{ n }}' });
  });
});

describe('the answers that a load session waits for', () => {
  const answer = { result: {}, eventStream: false, atMs: 1 };

  it('resolve once; a second answer is a duplicate and one for another id is wrong', async () => {
    const awaited = new AwaitedAnswers();
    const first = awaited.expect('a', 1_000, () => undefined);
    expect(awaited.take('a', answer)).to.equal(undefined);
    expect(await first).to.equal(answer);
    expect(awaited.size).to.equal(0);
    expect(awaited.take('a', answer)?.kind).to.equal('duplicate');
    expect(awaited.take('b', answer)?.kind).to.equal('wrong id');
  });

  it('reject with what came instead', async () => {
    const awaited = new AwaitedAnswers();
    const first = awaited.expect('a', 1_000, () => undefined);
    const second = awaited.expect('b', 1_000, () => undefined);
    const failure = new LoadFailure('json-rpc -32000', 'no');
    expect(awaited.take('a', failure)).to.equal(undefined);
    awaited.failAll(new LoadFailure('connection', 'gone'));
    expect(await rejectionOf(first)).to.equal(failure);
    expect(await rejectionOf(second)).to.include({ kind: 'connection' });
  });

  it('reject after their deadline, and only then tell that nobody waits', async () => {
    const awaited = new AwaitedAnswers();
    const told: boolean[] = [];
    const late = awaited.expect('a', 5, () => told.push(awaited.isWaiting('a')));
    expect(await rejectionOf(late)).to.include({ kind: 'timeout', message: 'no answer within 5 ms' });
    expect(told).to.deep.equal([false]);
    expect(awaited.take('a', answer)?.kind).to.equal('duplicate');
  });
});

describe('a status that is not 200', () => {
  it('says that an open session is gone, with 404 or in the words of a 400', () => {
    expect(statusFailure(404, '', true).kind).to.equal('forgotten');
    expect(statusFailure(400, '{"message":"Bad Request: No valid session ID"}', true).kind).to.equal(
      'forgotten',
    );
    expect(statusFailure(400, 'bad JSON', true).kind).to.equal('http 400');
    expect(statusFailure(404, '', false).kind).to.equal('http 404');
    expect(statusFailure(503, 'session', true).kind).to.equal('http 503');
  });

  it('shows the beginning of the body', () => {
    expect(statusFailure(500, 'x'.repeat(1_000), true).message).to.have.lengthOf.below(330);
  });
});
