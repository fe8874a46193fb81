import { expect } from 'chai';
import { LearnedLists, MAX_LEARNED_CHARS } from '../../../src/servers/learned-lists.js';
import type { ListsFrame } from '../../../src/shared/frames/from-worker.js';
import type { HeaderAnnotations } from '../../../src/shared/header-params.js';
import { GatewayEmitter } from '../../../src/telemetry/events.js';
import { collect } from '../../support/events.js';

/** What a server has answered: `tools` stands for the meaning of its list. */
function frame(tools: string, more: Partial<ListsFrame> = {}): ListsFrame {
  const answer = (method: string, digest: string) => ({
    method,
    before: `{"answer":${JSON.stringify(digest)},"id":`,
    after: '}',
    failure: undefined,
    digest,
  });
  return {
    type: 'lists',
    answers: [answer('initialize', 'hello'), answer('tools/list', tools)],
    declared: { tools: true, prompts: false, resources: false, logging: false, subscribe: false },
    tools: [tools],
    headerParams: { valid: [{ tool: tools, params: [] }], invalid: [] },
    afterCall: false,
    ...more,
  };
}

const CLIENT = {
  protocolVersion: '2025-11-25',
  capabilities: { roots: { listChanged: true }, sampling: {} },
};

function learning() {
  const events = new GatewayEmitter();
  const tools = new Set<string>();
  const onTools = (names: Iterable<string>): void => {
    for (const name of names) tools.add(name);
  };
  const annotated: string[] = [];
  const onHeaderParams = ({ valid }: HeaderAnnotations): void => {
    annotated.push(...valid.map(({ tool }) => tool));
  };
  const options = { server: 'odd', events, onTools, onHeaderParams, onChanged: () => {} };
  const lists = new LearnedLists(options);
  const outcomes = collect(events, 'lists-learned');
  const known = (params = CLIENT) => lists.slot(params)?.current?.lists.get('tools/list')?.digest;
  return { lists, tools, annotated, known, outcomes: () => outcomes.map(({ outcome }) => outcome) };
}

describe('Learned lists', () => {
  it('are known to sessions with the same version and capabilities, in whatever order', () => {
    const { lists, known, tools, annotated } = learning();
    lists.slot(CLIENT)?.learn(frame('one'));
    expect(known({ ...CLIENT, capabilities: { sampling: {}, roots: { listChanged: true } } })).to.equal(
      'one',
    );
    expect(known({ ...CLIENT, capabilities: { sampling: {}, roots: {} } as never })).to.equal(undefined);
    expect(known({ ...CLIENT, protocolVersion: '2025-06-18' })).to.equal(undefined);
    expect([...tools]).to.deep.equal(['one']);
    expect(annotated).to.deep.equal(['one']);
  });

  it('are replaced by different ones, whose sessions are told; and given up when the next differ too', () => {
    const { lists, known, outcomes } = learning();
    let told = 0;
    lists.onReplaced = () => {
      told += 1;
    };
    const slot = lists.slot(CLIENT);
    for (const tools of ['one', 'one', 'two']) slot?.learn(frame(tools));
    expect([known(), told]).to.deep.equal(['two', 1]);
    slot?.learn(frame('two'));
    slot?.learn(frame('three'));
    expect([known(), told]).to.deep.equal(['three', 2]);
    slot?.learn(frame('four'));
    expect([lists.slot(CLIENT), slot?.current]).to.deep.equal([undefined, undefined]);
    expect(outcomes()).to.deep.equal(['learned', 'same', 'replaced', 'same', 'replaced', 'dynamic']);
    // A session that was given something before is still told that its own process answers differently.
    expect(slot?.learn(frame('five'))?.lists.get('tools/list')?.digest).to.equal('five');
  });

  it('do not include what a call may have changed', () => {
    const { lists, known, outcomes } = learning();
    const slot = lists.slot(CLIENT);
    expect(slot?.learn(frame('mine', { afterCall: true }))).to.equal(undefined);
    slot?.learn(frame('one'));
    expect(slot?.learn(frame('mine', { afterCall: true }))).to.equal(undefined);
    slot?.learn(frame('one', { afterCall: true }));
    expect(known()).to.equal('one');
    expect(outcomes()).to.deep.equal(['own', 'learned', 'own', 'same']);
  });

  it('keep a list that another process did not answer in time, and take one that was missing', () => {
    const { lists, known, outcomes } = learning();
    const slot = lists.slot(CLIENT);
    const partial = frame('one', { answers: frame('one').answers.slice(0, 1) });
    slot?.learn(partial);
    expect(known()).to.equal(undefined);
    slot?.learn(frame('one'));
    slot?.learn(partial);
    expect(known()).to.equal('one');
    expect(outcomes()).to.deep.equal(['learned', 'same', 'same']);
  });

  it('are bounded in number: what was used longest ago goes first', () => {
    const { lists, known } = learning();
    const client = (number: number) => ({ ...CLIENT, protocolVersion: String(number) });
    for (let number = 0; number < 16; number += 1) lists.slot(client(number))?.learn(frame('one'));
    known(client(0));
    lists.slot(client(16))?.learn(frame('one'));
    // To ask for one makes room for it, so the forgotten one is asked for last.
    expect([0, 2, 16, 1].map((number) => known(client(number)))).to.deep.equal([
      'one',
      'one',
      'one',
      undefined,
    ]);
  });

  it('make no room for clients of whom nothing is known', () => {
    const { lists, known } = learning();
    const client = (number: number) => ({ ...CLIENT, protocolVersion: String(number) });
    for (let number = 0; number < 15; number += 1) lists.slot(client(number))?.learn(frame('one'));
    for (let number = 100; number < 200; number += 1) lists.slot(client(number));
    for (let number = 0; number < 15; number += 1) expect(known(client(number))).to.equal('one');
  });

  it('are bounded in size', () => {
    const { lists, known } = learning();
    const client = (number: number) => ({ ...CLIENT, protocolVersion: String(number) });
    const large = (chars: number) => {
      const { answers, ...rest } = frame('one');
      return { ...rest, answers: answers.map((answer) => ({ ...answer, after: 'x'.repeat(chars / 2) })) };
    };
    lists.slot(client(1))?.learn(large(MAX_LEARNED_CHARS));
    expect(known(client(1))).to.equal(undefined);
    for (const number of [1, 2, 3]) lists.slot(client(number))?.learn(large(MAX_LEARNED_CHARS / 2.5));
    expect([1, 2, 3].map((number) => known(client(number)))).to.deep.equal([undefined, 'one', 'one']);
  });

  it('do not exist for a client whose capabilities are very long', () => {
    const { lists } = learning();
    const capabilities = { experimental: { long: 'x'.repeat(5_000) } };
    expect(lists.slot({ protocolVersion: '2025-11-25', capabilities })).to.equal(undefined);
  });
});
