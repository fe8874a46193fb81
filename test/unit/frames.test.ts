/** What the main thread and a session's worker say to each other arrives as it was sent, and nothing else passes for it. */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { expect } from 'chai';
import fc, { type Arbitrary } from 'fast-check';
import {
  decodeFromWorker,
  decodeToWorker,
  encodeFromWorker,
  encodeToWorker,
} from '../../src/shared/frames/codec.js';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import type { ToWorkerFrame } from '../../src/shared/frames/to-worker.js';
import { afterThisTest } from '../support/cleanup.js';

const LONG_CHARS = 200_000;
const SENTENCE = /^(?:a|no|the) .{10,}$/;

type AnyOf<Frame extends { readonly type: string }> = {
  readonly [Type in Frame['type']]: Arbitrary<Omit<Extract<Frame, { readonly type: Type }>, 'type'>>;
};

/** Lone surrogates, NUL, line breaks and what texts begin with among them; now and then a very long one. */
const text = fc.oneof(
  { weight: 10, arbitrary: fc.string({ unit: 'binary' }) },
  {
    weight: 10,
    arbitrary: fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
  },
  { weight: 5, arbitrary: fc.constantFrom('', '\n', '!', '\0', '\ud800', '\udc00', '"', '\\', '1\n{}') },
  {
    weight: 1,
    arbitrary: fc
      .string({ minLength: 1, maxLength: 3, unit: 'binary' })
      .map((piece) => piece.repeat(LONG_CHARS)),
  },
);
const key = fc.oneof(fc.uuid(), fc.constant(''), fc.base64String());
const json = fc.jsonValue({ maxDepth: 8 });
const jsonBody = fc.oneof(
  text,
  json.map((value) => JSON.stringify(value)),
);
const id = fc.oneof(text, fc.maxSafeInteger());
const size = fc.oneof(fc.maxSafeNat(), fc.double({ min: 0, noDefaultInfinity: true, noNaN: true }));
const bytes = fc.uint8Array();
const orNot = <Value>(value: Arbitrary<Value>) => fc.option(value, { nil: undefined });
const nothing = fc.constant({});

const nameFilter = fc.record({ allow: orNot(fc.array(text)), deny: fc.array(text) });

const TO_WORKER: AnyOf<ToWorkerFrame> = {
  introduce: fc.record({ params: text }),
  environment: fc.record({ variables: fc.dictionary(fc.string(), text) }),
  claim: fc.record({
    context: fc.record({
      sessionId: key,
      server: text,
      era: fc.constantFrom('session', 'stateless'),
      affinity: fc.constantFrom('session', 'request', 'principal', 'handle'),
      transport: fc.constantFrom('streamable-http', 'sse'),
      client: fc.record({ name: text, version: text }),
      protocolVersion: text,
      userAgent: orNot(text),
      remoteAddress: orNot(text),
      principal: text,
      identity: fc.record({
        kind: fc.constantFrom('anonymous', 'token', 'jwt', 'introspected', 'certificate', 'program'),
        issuer: text,
        subject: text,
        scopes: fc.array(text),
        claims: fc.dictionary(fc.string(), json),
      }),
      startedAtMs: size,
      metadata: fc.dictionary(fc.string(), json),
    }),
    state: orNot(
      fc.record({
        keys: fc.array(text),
        ends: fc.uint32Array(),
        values: bytes,
      }),
    ),
    replay: fc.array(jsonBody),
    firstRequestId: fc.maxSafeNat(),
    handleTools: orNot(fc.record({ open: text, close: text, idleMs: size })),
  }),
  view: fc.record({
    requestId: id,
    view: fc.record({ tools: nameFilter, prompts: nameFilter, resources: nameFilter }),
  }),
  message: fc.record({ key, body: jsonBody, fastPath: fc.boolean(), stateless: fc.boolean() }),
  resume: fc.record({ key, body: jsonBody }),
  cancel: fc.record({ requestId: id, reason: text }),
  credit: fc.record({ chars: fc.maxSafeNat() }),
  ping: nothing,
  'code-cache': nothing,
  sleep: fc.record({ insists: fc.boolean() }),
  end: fc.record({ reason: text }),
};

const DECLARED = fc.record({
  tools: fc.boolean(),
  prompts: fc.boolean(),
  resources: fc.boolean(),
  logging: fc.boolean(),
  subscribe: fc.boolean(),
});
const response = fc
  .oneof(
    fc.record({ kind: fc.constant('response' as const), id: orNot(id), body: jsonBody }),
    fc.record(
      {
        kind: fc.constant('response' as const),
        body: jsonBody,
        failure: text,
        message: text,
        stack: text,
        id,
      },
      {
        requiredKeys: ['kind', 'id', 'body', 'failure'],
      },
    ),
    fc.record({
      kind: fc.constant('response' as const),
      id,
      body: jsonBody,
      declared: DECLARED,
    }),
    fc.record({
      kind: fc.constant('response' as const),
      id,
      body: jsonBody,
      left: fc.array(text),
    }),
  )
  .map((frame) => ({ ...frame, relatedTo: frame.id }));
const request = fc.record({
  kind: fc.constant('request' as const),
  id,
  relatedTo: orNot(id),
  body: jsonBody,
});
const announcement = fc.record({
  kind: fc.constant('notification' as const),
  id: fc.constant(undefined),
  relatedTo: fc.constant(undefined),
  body: jsonBody,
  topic: text,
});
const notification = fc.record(
  {
    kind: fc.constant('notification' as const),
    id: orNot(id),
    relatedTo: orNot(id),
    body: jsonBody,
    listChanged: fc.constant(true as const),
    progress: fc.double(),
  },
  { requiredKeys: ['kind', 'id', 'relatedTo', 'body'] },
);

const FROM_WORKER: AnyOf<FromWorkerFrame> = {
  ready: fc.record({
    systemThreadId: orNot(fc.nat()),
    niceness: orNot(fc.integer({ min: -20, max: 19 })),
    traits: fc.record({
      staticLists: fc.boolean(),
      sleeps: fc.boolean(),
      affinity: orNot(fc.constantFrom('session', 'request', 'principal', 'handle')),
      reuse: orNot(fc.boolean()),
    }),
    rejectedCaches: fc.uniqueArray(fc.constantFrom('worker', 'module')),
  }),
  failed: fc.record({
    stage: fc.constantFrom('import', 'shape', 'setup', 'program'),
    error: fc.record(
      { name: text, message: text, code: text, stack: text },
      { requiredKeys: ['name', 'message'] },
    ),
  }),
  claimed: fc.record({ declared: DECLARED }, { requiredKeys: [] }),
  send: fc.oneof(response, request, notification, announcement),
  lists: fc.record({
    answers: fc.array(
      fc.record({ method: text, before: text, after: text, failure: orNot(text), digest: text }),
      { maxLength: 5 },
    ),
    declared: DECLARED,
    tools: fc.array(text),
    headerParams: fc.record({
      valid: fc.array(
        fc.record({
          tool: fc.string(),
          params: fc.array(
            fc.record({
              header: fc.constantFrom('mcp-param-region', 'mcp-param-x'),
              path: fc.array(fc.string()),
              type: fc.constantFrom('string', 'integer', 'boolean'),
            }),
          ),
        }),
      ),
      invalid: fc.array(fc.record({ tool: fc.string(), property: fc.string(), wrong: fc.string() })),
    }),
    afterCall: fc.boolean(),
  }),
  'input-required': fc.record({ requestId: id, before: text, after: orNot(text) }),
  settled: fc.record({ requestId: id }),
  'close-stream': fc.record({ requestId: orNot(id) }),
  log: fc.record({
    source: fc.constantFrom('session', 'stdout', 'stderr'),
    level: fc.constantFrom('debug', 'info', 'warn', 'error'),
    message: text,
    fields: orNot(fc.dictionary(fc.string(), json)),
    key: orNot(key),
  }),
  'log-dropped': fc.record({ lines: fc.maxSafeNat() }),
  metrics: fc.record({ metrics: fc.array(fc.dictionary(fc.string(), json)) }),
  state: fc.record({ key: text, value: orNot(bytes) }),
  held: fc.record({ held: fc.boolean() }),
  memory: fc.record({ usedBytes: size, heapBytes: size }),
  'over-memory': fc.record({
    limit: fc.constantFrom('thread-heap-mb', 'thread-memory-mb', 'process-memory-mb'),
    usedBytes: size,
  }),
  'skipped-lines': fc.record({ lines: fc.maxSafeNat() }),
  exited: fc.record({ cause: fc.constantFrom('exit', 'crash'), message: text }),
  pong: nothing,
  'code-cache': fc.record({ caches: fc.record({ worker: bytes, module: orNot(bytes) }) }),
  'asked-early': nothing,
  'stay-awake': nothing,
  'server-closed': nothing,
  ended: nothing,
};

/** A frame of this type, in any of its forms. */
function framesOf<Frame extends { readonly type: string }>(
  table: AnyOf<Frame>,
  type: Frame['type'],
): Arbitrary<Frame> {
  return table[type].map((members) => ({ type, ...members }) as unknown as Frame);
}

function typesOf<Frame extends { readonly type: string }>(table: AnyOf<Frame>): Frame['type'][] {
  return Object.keys(table) as Frame['type'][];
}

/** Over a real port. */
function channel(): (posted: unknown) => unknown {
  const { port1, port2 } = new MessageChannel();
  afterThisTest(() => port1.close());
  return (posted) => {
    port1.postMessage(posted);
    return receiveMessageOnPort(port2)?.message;
  };
}

function refusal(decode: (posted: unknown) => unknown, posted: unknown): string {
  try {
    decode(posted);
  } catch (error) {
    expect(error).to.have.property('name', 'FrameError');
    return (error as Error).message;
  }
  return expect.fail('it has passed for a frame');
}

function directionTests<Frame extends { readonly type: string }>(
  table: AnyOf<Frame>,
  encode: (frame: Frame) => unknown,
  decode: (posted: unknown) => Frame,
): void {
  for (const type of typesOf(table)) {
    it(`arrives as it was sent: ${type}`, () => {
      const sent = channel();
      fc.assert(
        fc.property(framesOf(table, type), (frame) => {
          expect(decode(sent(encode(frame)))).to.deep.equal(frame);
        }),
      );
    });
  }

  it('is refused, in a sentence, where it is anything else', () => {
    const values = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(
        values.filter((value) => typeof value !== 'string'),
        (value) => {
          expect(refusal(decode, value)).to.match(SENTENCE);
        },
      ),
    );
  });

  it('is refused where any member of it is missing, of no type that it may have, or unknown', () => {
    const types = typesOf(table).filter((type) => type !== 'message');
    for (const type of types) {
      fc.assert(
        fc.property(framesOf(table, type), fc.nat(), (frame, pick) => {
          const members = Object.keys(frame).filter((member) => member !== 'type');
          expect(refusal(decode, { ...frame, more: 1 })).to.match(SENTENCE);
          const member = members[pick % members.length];
          if (member === undefined) return;
          for (const wrong of [new Map(), null, Symbol.iterator, () => {}])
            expect(refusal(decode, { ...frame, [member]: wrong }), member).to.match(SENTENCE);
        }),
        { numRuns: 30 },
      );
      expect(refusal(decode, { type: `${type}?` })).to.match(SENTENCE);
    }
  });
}

describe('what the main thread says to a worker', () => {
  directionTests(TO_WORKER, encodeToWorker, decodeToWorker);

  it('is refused where it is a text without a line break', () => {
    fc.assert(
      fc.property(
        text.filter((posted) => !posted.includes('\n')),
        (posted) => {
          expect(refusal(decodeToWorker, posted)).to.match(SENTENCE);
        },
      ),
    );
  });
});

describe('what a worker says to the main thread', () => {
  directionTests(FROM_WORKER, encodeFromWorker, decodeFromWorker);

  it('is a result where it is a text that begins with an id and a line break, and nothing where it is another', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.tuple(text, text).map(([head, body]) => `${head}\n${body}`),
        ),
        (posted) => {
          let frame: FromWorkerFrame;
          try {
            frame = decodeFromWorker(posted);
          } catch (error) {
            expect((error as Error).message).to.match(SENTENCE);
            return;
          }
          if (frame.type !== 'send') return expect.fail(`a text is no ${frame.type}`);
          expect(frame).to.include({ kind: 'response', relatedTo: frame.id });
          expect(posted.endsWith(`\n${frame.body}`)).to.equal(true);
          expect(frame.id).to.satisfy((id: unknown) => typeof id === 'string' || Number.isSafeInteger(id));
        },
      ),
    );
    for (const head of ['', '{}', 'null', '1.5', '1e999', '[1]', '"', 'true'])
      expect(refusal(decodeFromWorker, `${head}\n{}`), head).to.match(SENTENCE);
  });

  it('is posted as plain text where it is a result: there is one for each call', () => {
    const result = { type: 'send', kind: 'response', id: 1, relatedTo: 1, body: '{}' } as const;
    expect(encodeFromWorker(result)).to.equal('1\n{}');
    const message = { type: 'message', key: 'k', body: '{}' } as const;
    expect(encodeToWorker({ ...message, fastPath: true, stateless: false })).to.equal('!k\n{}');
    expect(encodeToWorker({ ...message, fastPath: false, stateless: true })).to.equal('~k\n{}');
    expect(encodeToWorker({ ...message, fastPath: true, stateless: true })).to.equal('~!k\n{}');
  });

  it('is refused where a message of the server has what only another kind has', () => {
    const send = { type: 'send', kind: 'request', id: 1, relatedTo: undefined, body: '{}' };
    for (const wrong of [
      { failure: 'tool_error' },
      { progress: 1 },
      { listChanged: true },
      { kind: 'response' },
      { kind: 'notification', message: 'it failed' },
    ])
      expect(refusal(decodeFromWorker, { ...send, ...wrong })).to.match(/another kind$/);
  });

  it('has log fields that are no deeper than messages may be, and end', () => {
    const log = { type: 'log', source: 'session', level: 'info', message: '', key: undefined };
    const circle: Record<string, unknown> = {};
    circle.again = [circle, circle];
    let deep: unknown = 1;
    for (let level = 0; level < 1_000; level += 1) deep = [deep];
    for (const fields of [circle, { deep }, { many: Array(10_000).fill(0) }, { big: 1n }, []])
      expect(refusal(decodeFromWorker, { ...log, fields })).to.match(/"fields"$/);
  });
});
