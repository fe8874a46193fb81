/** The types that authors of server modules use. tsc checks this file; `@ts-expect-error` is an error where there is none. */
import { expect } from 'chai';
import { defineServer, type ServerDefinition } from '../../src/index.js';

const typed = defineServer<{ count: number; names: Map<string, string> }>({
  name: 'typed',
  version: '1.0.0',
  setup(_server, session) {
    const count: number = session.state.get('count') ?? 0;
    session.state.set('count', count + 1);
    session.state.set('names', new Map());
    // @ts-expect-error: another type of value
    session.state.set('count', 'one');
    // @ts-expect-error: a key that the state does not have
    session.state.get('total');
    // @ts-expect-error: there may be no value yet
    const names: Map<string, string> = session.state.get('names');
    return void names;
  },
});

const untyped = defineServer({
  name: 'untyped',
  version: '1.0.0',
  setup(_server, session) {
    const count: number = session.state.get<number>('count') ?? 0;
    // @ts-expect-error: unknown is no number
    const unknown: number = session.state.get('count');
    session.state.set('anything', { count, unknown });
  },
});

const plain = {
  name: 'plain',
  version: '1.0.0',
  lists: 'static',
  setup(server) {
    server.registerTool('nothing', {}, () => ({ content: [] }));
  },
} satisfies ServerDefinition;

// @ts-expect-error: a definition has a version
defineServer({ name: 'x', setup() {} });
// @ts-expect-error: there is no such field
defineServer({ name: 'x', version: '1', setUp() {} });
// @ts-expect-error: lists are static or not declared
defineServer({ name: 'x', version: '1', lists: 'dynamic', setup() {} });
// @ts-expect-error: the server that it creates has its own name
defineServer({ name: 'x', createServer: () => ({ connect() {} }) });

describe('the types of a definition', () => {
  it('accept a typed state, any state, and a plain object', () => {
    const definitions: ServerDefinition[] = [typed, untyped, plain];
    const names = definitions.map((each) => (each.setup === undefined ? undefined : each.name));
    expect(names).to.deep.equal(['typed', 'untyped', 'plain']);
  });
});
