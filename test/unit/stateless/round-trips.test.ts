import { expect } from 'chai';
import type { InputRequiredFrame } from '../../../src/shared/frames/from-worker.js';
import { NAME_META, questionFacts } from '../../../workers/stateless/questions.js';
import { type Answer, type AskingCall, RoundTrips } from '../../../workers/stateless/round-trips.js';

const ALL = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
const ACCEPTED = { action: 'accept', content: { name: 'Ada' } };
const ROOTS = { roots: [{ uri: 'file:///work' }] };

/** A server whose questions are numbered, and its client. */
class Server {
  readonly calls = new Map<unknown, AskingCall>();
  readonly frames: InputRequiredFrame[] = [];
  readonly answers: Answer[] = [];
  readonly unanswerable: unknown[] = [];
  readonly trips = new RoundTrips({
    serverInfo: { name: 'test', version: '1' },
    call: (key) => this.calls.get(key),
    post: (frame) => void this.frames.push(frame),
    answer: (answer) => void this.answers.push(answer),
    onUnanswerable: (key) => void this.unanswerable.push(key),
  });

  called(key: string, id: string | number = 1, capabilities: object = ALL, method = 'tools/call'): this {
    this.calls.set(key, { id, method, capabilities: capabilities as AskingCall['capabilities'] });
    return this;
  }

  asks(
    key: string | undefined,
    id: number,
    method = 'elicitation/create',
    params: object = { message: 'M' },
  ) {
    this.trips.ask(key, {
      id,
      facts: questionFacts(method, params),
      text: JSON.stringify({ method, params }),
    });
  }

  /** The last `input_required`, with a state in its place. */
  get asked(): { id: unknown; result: Record<string, unknown> & { inputRequests: Record<string, unknown> } } {
    const frame = this.frames.at(-1);
    return JSON.parse(`${frame?.before}"STATE"${frame?.after}`);
  }

  get names(): string[] {
    return Object.keys(this.asked.result.inputRequests);
  }
}

/** Until what was asked in this turn has been sent. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

describe('Round trips', () => {
  it('begin with one input_required for all that a handler asks in one turn', async () => {
    const server = new Server().called('r-1', 'client-id');
    server.asks('r-1', 10);
    server.asks('r-1', 11, 'sampling/createMessage', { messages: [], maxTokens: 5 });
    server.asks('r-1', 12, 'roots/list', {});
    expect(server.frames).to.deep.equal([]);
    await turn();
    expect(server.frames.map(({ requestId }) => requestId)).to.deep.equal(['r-1']);
    expect(server.asked).to.deep.equal({
      jsonrpc: '2.0',
      id: 'client-id',
      result: {
        resultType: 'input_required',
        inputRequests: {
          'elicitation-1': { method: 'elicitation/create', params: { message: 'M' } },
          'sampling-2': { method: 'sampling/createMessage', params: { messages: [], maxTokens: 5 } },
          'roots-3': { method: 'roots/list', params: {} },
        },
        requestState: 'STATE',
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'test', version: '1' } },
      },
    });
  });

  it('give each question its answer, as the response to its request', async () => {
    const server = new Server().called('r-1');
    server.asks('r-1', 10);
    server.asks('r-1', 11, 'roots/list');
    await turn();
    server.trips.resume('r-1', { 'elicitation-1': ACCEPTED, 'roots-2': ROOTS });
    await turn();
    expect(server.answers).to.deep.equal([
      { jsonrpc: '2.0', id: 10, result: ACCEPTED },
      { jsonrpc: '2.0', id: 11, result: ROOTS },
    ]);
    expect(server.frames, 'nothing is asked again').to.have.lengthOf(1);
    expect(server.trips.open).to.equal(false);
  });

  it('go on in as many rounds as the handler needs, with the id of the latest request', async () => {
    const server = new Server().called('r-1', 1);
    for (let round = 1; round <= 3; round += 1) {
      server.asks('r-1', round);
      await turn();
      expect(server.asked.id).to.equal(round);
      expect(server.names).to.deep.equal([`elicitation-${round}`]);
      server.called('r-1', round + 1).trips.resume('r-1', { [`elicitation-${round}`]: ACCEPTED });
      await turn();
      expect(server.answers).to.have.lengthOf(round);
    }
  });

  it('ask again for what is missing or has not the shape of an answer, and ignore what nobody asked', async () => {
    const server = new Server().called('r-1');
    server.asks('r-1', 10);
    server.asks('r-1', 11);
    server.asks('r-1', 12);
    await turn();
    server.trips.resume('r-1', { 'elicitation-1': 12345, 'elicitation-2': ACCEPTED, other: ACCEPTED });
    await turn();
    expect(server.answers.map(({ id }) => id)).to.deep.equal([11]);
    expect(server.names).to.deep.equal(['elicitation-1', 'elicitation-3']);
    server.trips.resume('r-1', JSON.parse('{"__proto__":{"elicitation-1":{"action":"accept"}}}'));
    await turn();
    expect(server.names).to.deep.equal(['elicitation-1', 'elicitation-3']);
  });

  it('ask in the next round what the handler has asked while it waited', async () => {
    const server = new Server().called('r-1');
    server.asks('r-1', 10);
    await turn();
    server.asks('r-1', 11);
    await turn();
    expect(server.frames).to.have.lengthOf(1);
    server.trips.resume('r-1', { 'elicitation-1': ACCEPTED });
    await turn();
    expect(server.names).to.deep.equal(['elicitation-2']);
  });

  it('do not mix the calls of different clients', async () => {
    const server = new Server().called('r-1', 5).called('r-2', 5);
    server.asks('r-1', 10);
    server.asks('r-2', 11);
    await turn();
    expect(server.frames.map(({ requestId }) => requestId)).to.deep.equal(['r-1', 'r-2']);
    server.trips.resume('r-2', { 'elicitation-1': ACCEPTED });
    await turn();
    expect(server.answers.map(({ id }) => id)).to.deep.equal([11]);
  });

  it('use the names that the server gives, each once', async () => {
    const server = new Server().called('r-1');
    const named = { message: 'M', _meta: { [NAME_META]: 'user_name' } };
    server.asks('r-1', 10, 'elicitation/create', named);
    server.asks('r-1', 11, 'elicitation/create', named);
    server.asks('r-1', 12, 'elicitation/create', { _meta: { [NAME_META]: 'elicitation-4' } });
    server.asks('r-1', 13);
    await turn();
    expect(new Set(server.names)).to.have.property('size', 4);
    expect(server.names[0]).to.equal('user_name');
  });

  it('use answers that came with the first request, if they have the name and the shape', async () => {
    const server = new Server().called('r-1');
    const named = (name: string) => ({ message: 'M', _meta: { [NAME_META]: name } });
    server.trips.answeredEarly('r-1', { user_name: ACCEPTED, age: 12345, other: ACCEPTED });
    server.asks('r-1', 10, 'elicitation/create', named('user_name'));
    server.asks('r-1', 11, 'elicitation/create', named('age'));
    await turn();
    expect(server.answers).to.deep.equal([{ jsonrpc: '2.0', id: 10, result: ACCEPTED }]);
    expect(server.names).to.deep.equal(['age']);
  });

  it('hold the response of a server that has not waited, until its client comes back', async () => {
    const server = new Server().called('r-1');
    const sent: string[] = [];
    expect(server.trips.holds('r-1', () => sent.push('early'))).to.equal(false);
    server.asks('r-1', 10);
    await turn();
    server.trips.withdraw(10);
    expect(server.trips.holds('r-1', () => sent.push('late'))).to.equal(true);
    expect(sent).to.deep.equal([]);
    server.trips.resume('r-1', { 'elicitation-1': ACCEPTED });
    await turn();
    expect(sent).to.deep.equal(['late']);
    expect(server.answers).to.deep.equal([]);
    expect(server.frames).to.have.lengthOf(1);
  });

  it('forget what the server has withdrawn, before it is asked and after', async () => {
    const server = new Server().called('r-1');
    server.asks('r-1', 10);
    server.trips.withdraw(10);
    await turn();
    expect(server.frames).to.deep.equal([]);
    server.asks('r-1', 11);
    server.asks('r-1', 12);
    await turn();
    server.trips.withdraw(11);
    server.trips.withdraw(99);
    server.trips.resume('r-1', { 'elicitation-2': ACCEPTED });
    await turn();
    expect(server.answers).to.deep.equal([]);
    expect(server.names).to.deep.equal(['elicitation-3']);
  });

  it('end with the request: a handler that still waits is told', async () => {
    const server = new Server().called('r-1');
    server.asks('r-1', 10);
    await turn();
    server.asks('r-1', 11);
    server.trips.over('r-1');
    await turn();
    expect(server.answers.map(({ id }) => id)).to.deep.equal([10, 11]);
    expect(JSON.stringify(server.answers[0])).to.match(/"error".*is over/);
    expect(server.frames).to.have.lengthOf(1);
    server.trips.resume('r-1', { 'elicitation-1': ACCEPTED });
    await turn();
    expect(server.answers).to.have.lengthOf(2);
  });

  it('are refused with -32021 where this very request has not declared all that is needed', async () => {
    const server = new Server().called('r-1', 1, { roots: {} });
    server.asks('r-1', 10);
    server.asks('r-1', 11, 'elicitation/create', { mode: 'url' });
    server.asks('r-1', 12, 'roots/list');
    await turn();
    const [frame] = server.frames;
    expect(frame?.after).to.equal(undefined);
    const { id, error } = JSON.parse(frame?.before ?? '');
    expect(id).to.equal(1);
    expect(error.code).to.equal(-32021);
    expect(error.data).to.deep.equal({ requiredCapabilities: { elicitation: { form: {}, url: {} } } });
    expect(error.message).to.include('elicitation.form, elicitation.url');
    expect(server.unanswerable).to.deep.equal(['r-1']);
    expect(server.answers, 'the handler can end').to.have.lengthOf(3);
  });

  it('leave a request alone that asks in vain what it can do without: its server is told', async () => {
    const server = new Server().called('r-1', 1, {}).called('r-2', 2, { roots: {} });
    const question = { facts: questionFacts('roots/list', {}), text: '{}', optional: true } as const;
    server.trips.ask('r-1', { ...question, id: 10 });
    server.trips.ask('r-2', { ...question, id: 11 });
    await turn();
    expect(server.frames.map(({ requestId }) => requestId)).to.deep.equal(['r-2']);
    expect(JSON.stringify(server.answers)).to.match(/^\[\{"jsonrpc":"2.0","id":10,"error":.*not declared/);
  });

  it('let what belongs to no request wait for the next one that may ask', async () => {
    const server = new Server().called('r-1', 1, ALL, 'tools/list');
    const question = { facts: questionFacts('roots/list', {}), text: '{}', optional: true } as const;
    server.trips.ask('r-1', { ...question, id: 10 });
    server.trips.ask(undefined, { ...question, id: 11 });
    server.trips.ask(undefined, { ...question, id: 12 });
    server.trips.withdraw(11);
    server.called('r-2', 2, ALL, 'prompts/list').trips.began('r-2');
    await turn();
    expect(server.frames).to.deep.equal([]);
    server.called('r-3', 3).trips.began('r-3');
    server.called('r-4', 4).trips.began('r-4');
    await turn();
    expect(server.frames.map(({ requestId }) => requestId)).to.deep.equal(['r-3']);
    server.trips.resume('r-3', { 'roots-1': ROOTS, 'roots-2': ROOTS });
    await turn();
    expect(server.answers.map(({ id }) => id)).to.deep.equal([10, 12]);
    server.trips.ask('r-4', { ...question, id: 13 });
    server.trips.over('r-4');
    server.called('r-5', 5).trips.began('r-5');
    await turn();
    expect(server.frames.map(({ requestId }) => requestId)).to.deep.equal(['r-3', 'r-5']);
    for (let id = 100; id <= 116; id += 1) server.trips.ask(undefined, { ...question, id });
    await turn();
    expect(server.answers.at(-1), 'more than 16').to.deep.include({ id: 116 });
  });

  it('ask what the latest request has declared, not the first', async () => {
    const server = new Server().called('r-1', 1, { elicitation: {}, roots: {} });
    server.asks('r-1', 10);
    await turn();
    server.called('r-1', 2, { elicitation: {} }).trips.resume('r-1', { 'elicitation-1': ACCEPTED });
    server.asks('r-1', 11, 'roots/list');
    await turn();
    expect(JSON.parse(server.frames.at(-1)?.before ?? '').error.data.requiredCapabilities).to.deep.equal({
      roots: {},
    });
  });

  it('are refused outside of a request, during others than those that may ask, and for other requests', async () => {
    const server = new Server().called('r-1').called('r-2', 2, ALL, 'completion/complete');
    server.asks(undefined, 10);
    server.asks('r-9', 11);
    server.asks('r-2', 12);
    server.asks('r-1', 13, 'tasks/get');
    await turn();
    expect(server.answers.map((answer) => [answer.id, 'error' in answer && answer.error.code])).to.deep.equal(
      [
        [10, -32000],
        [11, -32000],
        [12, -32000],
        [13, -32601],
      ],
    );
    expect(server.frames).to.deep.equal([]);
  });

  it('are limited in number and size', async () => {
    const server = new Server().called('r-1').called('r-2');
    for (let id = 0; id <= 256; id += 1) server.asks('r-1', id);
    server.asks('r-2', 1_000, 'elicitation/create', { message: 'x'.repeat(32 * 1024 * 1024) });
    await turn();
    expect(server.answers.map(({ id }) => id)).to.deep.equal([256, 1_000]);
    expect(JSON.stringify(server.answers)).to.match(/Too much/);
  });
});
