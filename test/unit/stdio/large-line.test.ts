import { expect } from 'chai';
import type { FromWorkerFrame } from '../../../src/shared/frames/from-worker.js';
import type { ToWorkerFrame } from '../../../src/shared/frames/to-worker.js';
import { readLargeLine } from '../../../workers/stdio/large-line.js';
import { StdioSession } from '../../../workers/stdio/stdio-session.js';
import { ToolView } from '../../../workers/tool-rules.js';
import { contextOf } from '../metrics/fake-gateway.js';

const rules = { allow: undefined, deny: ['secret'], rename: [['own', 'renamed']], describe: [] } as const;

/** What a session does with a line, read in its own thread or as a large one. */
type Reading = (session: StdioSession, line: string) => void;

const here: Reading = (session, line) => session.line(line);
const elsewhere: Reading = (session, line) => {
  const bytes = new Uint8Array(Buffer.from(line));
  const read = readLargeLine({ bytes, tools: rules, ...session.largeLineContext });
  // As between threads: what cannot be cloned would not arrive.
  session.large(structuredClone(read));
};

/** A session in which the client has asked these, and what it does with a line of its server. */
function outcome(read: Reading, line: string, methods: readonly string[] = []): unknown[] {
  const seen: unknown[] = [];
  const program = { write: () => true, pause() {}, resume() {}, end: () => Promise.resolve() };
  const traits = { startTimeoutMs: 60_000, tools: new ToolView(rules), learns: false };
  const session = new StdioSession(program, traits, {
    post: (frame: FromWorkerFrame) => seen.push(frame),
    onTaken() {},
    onStrangeLine: (_line, why) => seen.push(why),
  });
  const claim = {
    type: 'claim',
    context: contextOf(),
    replay: [],
    firstRequestId: 70,
  } as unknown as ToWorkerFrame;
  session.receive(claim);
  for (const [id, method] of methods.entries()) {
    const params = { name: 'tool', _meta: { progressToken: `token-${id}` } };
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params });
    session.receive({ type: 'message', requestId: id, body } as unknown as ToWorkerFrame);
  }
  seen.length = 0;
  read(session, line);
  session.close();
  return seen;
}

const long = 'x'.repeat(2_000);
const message = (members: object): string => JSON.stringify({ jsonrpc: '2.0', ...members });
const toolError = { isError: true, content: [{ type: 'image' }, { type: 'text', text: long }] };
const initialized = {
  protocolVersion: '2025-06-18',
  capabilities: { tools: { listChanged: true }, prompts: {}, logging: {} },
  serverInfo: { name: long, version: '1' },
};
const LINES: Readonly<Record<string, [line: string, methods?: readonly string[]]>> = {
  'a result': [message({ id: 0, result: { content: [{ type: 'text', text: long }] } }), ['tools/call']],
  'an error': [message({ id: 0, error: { code: -32000, message: long, data: { long } } }), ['tools/call']],
  'an error of a tool': [message({ id: 0, result: toolError }), ['tools/call']],
  'the answer to initialize': [message({ id: 0, result: initialized }), ['initialize']],
  'a list of tools': [
    message({ id: 0, result: { tools: [{ name: 'own', description: long }, { name: 'secret' }] } }),
    ['tools/list'],
  ],
  'a list of something else that looks like it': [
    message({ id: 0, result: { tools: [{ name: 'secret', description: long }] } }),
    ['resources/list'],
  ],
  'an answer that nobody waits for': [message({ id: 5, result: { long } })],
  'an answer to a message that could not be read': [
    message({ id: null, error: { code: -32700, message: long } }),
  ],
  'a request': [message({ id: 'own', method: 'sampling/createMessage', params: { long } })],
  progress: [
    message({
      method: 'notifications/progress',
      params: { progressToken: 'token-0', progress: 3, message: long },
    }),
    ['tools/call'],
  ],
  'a changed list': [message({ method: 'notifications/tools/list_changed', params: { long } })],
  'a log message': [message({ method: 'notifications/message', params: { level: 'info', data: long } })],
  'several messages': [
    `[${message({ id: 1, result: { long } })},${message({ id: 0, result: {} })}]`,
    ['tools/call', 'tools/call'],
  ],
  'no JSON': [`${long}{`],
  'no message': [JSON.stringify({ jsonrpc: '1.0', long })],
  'too deep a message': [
    `{"jsonrpc":"2.0","id":0,"result":${'['.repeat(300)}${']'.repeat(300)}}`,
    ['tools/call'],
  ],
};

describe('A large line, read in a thread of its own', () => {
  for (const [name, [line, methods]] of Object.entries(LINES)) {
    it(`is the same as read by its session: ${name}`, () => {
      const expected = outcome(here, line, methods);
      expect(expected).to.not.deep.equal([]);
      expect(outcome(elsewhere, line, methods)).to.deep.equal(expected);
    });
  }

  it('says that bytes in it are not UTF-8', () => {
    const bytes = new Uint8Array([...Buffer.from('{"jsonrpc":"2.0","id":1,"result":"'), 0xff, 0x22, 0x7d]);
    expect(readLargeLine({ bytes, tools: undefined, toolLists: [], nextRequestId: 0 })).to.deep.include({
      valid: false,
    });
  });

  it('names the request that the server cancels by the id that its client knows', () => {
    const seen = (read: Reading): unknown[] => {
      const both: Reading = (session, line) => {
        session.line(message({ id: 'own', method: 'roots/list' }));
        read(session, line);
      };
      return outcome(
        both,
        message({ method: 'notifications/cancelled', params: { requestId: 'own', reason: 'no' } }),
      );
    };
    expect(seen(elsewhere)).to.deep.equal(seen(here));
    expect(seen(here)[1]).to.deep.include({ id: 70 });
  });

  it('has at most 10,000 messages', () => {
    const line = `[${Array.from({ length: 10_001 }, () => message({ method: 'notifications/x' })).join()}]`;
    expect(outcome(here, line)).to.deep.equal(['it has more than 10000 messages']);
  });
});
