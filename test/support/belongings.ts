/** What ada has in a gateway of two principals (`two-principals.ts`), in both eras and over both transports. */
import { expect } from 'chai';
import { until } from './deadline.js';
import { progressOf } from './expectations.js';
import type { Gateway } from './gateway.js';
import { LegacyClient } from './legacy-client.js';
import { type JsonRpcMessage, type RawClient, type RawResponse, textOf, toolCall } from './raw-client.js';
import type { SseReader } from './sse-reader.js';
import { postStateless, type StatelessOptions } from './stateless.js';
import { clientOf } from './two-principals.js';

const CAPABILITIES = { elicitation: {} };
const ANSWER = { action: 'accept', content: { name: 'Ada' } };
const NOTHING_CAME = { cancelled: 0, heard: 0 };

export type IdKind = 'session over Streamable HTTP' | 'legacy session' | 'compartment' | 'handle';

/** A call of ada that is in flight, or waits for ada, and how it ends if nobody has touched it. */
export interface CallOfAda {
  readonly requestId: string;
  readonly progressToken: string;
  /** Of what it has asked ada; in the session era. */
  readonly questionId: string;
  /** Where it stands, for `Last-Event-ID`; over Streamable HTTP. */
  readonly eventId: string;
  /** With which ada continues it; in the stateless era. */
  readonly state: string;
  readonly finish: () => Promise<void>;
}

let calls = 0;

export class Belongings {
  readonly streamable: RawClient;
  readonly legacy: LegacyClient;
  readonly ids: Readonly<Record<IdKind, string>>;
  readonly #gateway: Gateway;
  readonly #clients: readonly RawClient[];
  readonly #own: RawClient;
  readonly #handles: RawClient;
  /** Ada's GET stream. */
  readonly #stream: SseReader;

  private constructor(
    gateway: Gateway,
    clients: readonly [RawClient, RawClient, RawClient, RawClient],
    legacy: LegacyClient,
    stream: SseReader,
    handle: string,
  ) {
    this.#gateway = gateway;
    this.#clients = clients;
    [this.streamable, , this.#own, this.#handles] = clients;
    this.legacy = legacy;
    this.#stream = stream;
    const compartment = this.#sessions().find(({ context }) => context.affinity === 'principal');
    this.ids = {
      'session over Streamable HTTP': this.streamable.sessionId ?? '',
      'legacy session': legacy.sessionId,
      compartment: compartment?.context.sessionId ?? '',
      handle,
    };
  }

  static async open(gateway: Gateway): Promise<Belongings> {
    const client = (path?: string): RawClient => clientOf(gateway, 'ada', path);
    const clients = [client(), client(), client(), client('/handles/mcp')] as const;
    const [streamable, http, own, handles] = clients;
    await streamable.initialize('2025-03-26', CAPABILITIES);
    const { stream } = await streamable.get();
    const legacy = await LegacyClient.over(http, new URL('/own/sse', gateway.url));
    await legacy.initialize(CAPABILITIES);
    await callOf(own, 'seen');
    const { result } = await (await callOf(handles, 'open_session')).json();
    const { session } = result!.structuredContent as { session: string };
    await callOf(handles, 'seen', session);
    return new Belongings(gateway, clients, legacy, stream, session);
  }

  close(): void {
    for (const client of this.#clients) client.destroy();
  }

  /** A call in each of them, which is in flight or has asked ada something. */
  async begin(): Promise<Readonly<Record<IdKind, CallOfAda>>> {
    const [streamable, legacy, compartment, handle] = await Promise.all([
      this.askOverStreamable(),
      this.askOverLegacy(),
      this.wait(),
      this.parkByHandle(),
    ]);
    return { 'session over Streamable HTTP': streamable, 'legacy session': legacy, compartment, handle };
  }

  parkByHandle(): Promise<CallOfAda> {
    return this.park(this.#handles, this.ids.handle);
  }

  async askOverStreamable(): Promise<CallOfAda> {
    const { requestId, progressToken } = newCall();
    const { stream } = await this.streamable.openCall('ask', {}, { id: requestId, progressToken });
    const question = await stream.message(isQuestion, 'the question of the call');
    const eventId = stream.lastEventId ?? '';
    const finish = async (): Promise<void> => {
      await this.streamable.respond(question.id!, ANSWER);
      expectHello(await stream.message(answers(requestId), 'the answer to the call'));
      expect(progressOf(stream.messages, progressToken)).to.deep.equal([1, 2]);
      expect(await stream.ended).to.equal('end');
    };
    return { ...NONE, requestId, progressToken, questionId: String(question.id), eventId, finish };
  }

  async askOverLegacy(): Promise<CallOfAda> {
    const { requestId, progressToken } = newCall();
    const { stream } = this.legacy;
    await this.legacy.accepted(toolCall(requestId, 'ask', {}, progressToken));
    const question = await stream.message(isQuestion, 'the question of the call');
    const finish = async (): Promise<void> => {
      await this.legacy.accepted({ jsonrpc: '2.0', id: question.id, result: ANSWER });
      expectHello(await stream.message(answers(requestId), 'the answer to the call'));
      expect(progressOf(stream.messages, progressToken)).to.deep.equal([1, 2]);
    };
    return { ...NONE, requestId, progressToken, questionId: String(question.id), finish };
  }

  /** A call of the stateless era that waits for ada's next request. */
  async park(client: RawClient = this.#own, handle?: string): Promise<CallOfAda> {
    const { requestId, progressToken } = newCall();
    const asked = await (await callOf(client, 'ask', handle, { id: requestId })).answer(requestId);
    const { inputRequests, requestState } = asked.result ?? {};
    const [name = ''] = Object.keys(inputRequests as object);
    const state = String(requestState);
    const finish = async (): Promise<void> => {
      const more = { inputResponses: { [name]: ANSWER }, requestState };
      expectHello(await (await callOf(client, 'ask', handle, { id: requestId }, more)).answer(requestId));
    };
    return { ...NONE, requestId, progressToken, state, finish };
  }

  /** A call of the stateless era whose response has begun. */
  async wait(): Promise<CallOfAda> {
    const { requestId, progressToken } = newCall();
    const response = await callOf(this.#own, 'wait', undefined, { id: requestId, progressToken });
    const { stream } = response;
    await stream.message(({ method }) => method === 'notifications/progress', 'the first progress');
    const finish = async (): Promise<void> => {
      expect(textOf(await (await callOf(this.#own, 'release')).answer(1))).to.equal('1');
      expect(textOf(await stream.message(answers(requestId)))).to.match(/^released/);
      expect(progressOf(stream.messages, progressToken)).to.deep.equal([1, 2]);
    };
    return { ...NONE, requestId, progressToken, finish };
  }

  /** What is recorded of ada, but for how long it lasts. */
  record(): unknown {
    return this.#sessions().map(({ context, state, requests, requestsTotal, streams }) => ({
      context,
      state,
      requests: requests.map(({ key, method, tool }) => ({ key, method, tool })),
      requestsTotal,
      streams,
    }));
  }

  /** No message that is not ada's has reached a server of ada, and no message of ada was lost. */
  async expectUnharmed(): Promise<void> {
    const seen = [
      textOf(await this.streamable.call('seen')),
      textOf(await this.legacy.call(newCall().requestId, 'seen')),
      textOf(await (await callOf(this.#own, 'seen')).answer(1)),
      textOf(await (await callOf(this.#handles, 'seen', this.ids.handle)).answer(1)),
    ];
    for (const text of seen)
      expect(JSON.parse(text)).to.deep.equal({ whose: 'ada', waiting: 0, ...NOTHING_CAME });
    expect(this.#stream.messages).to.deep.equal([]);
    await until(() => this.#gateway.snapshot().parkedCalls === 0, 'no call to wait any more');
  }

  #sessions() {
    return this.#gateway.sessions().filter(({ context }) => context.identity.subject === 'ada');
  }
}

const NONE = { questionId: '', eventId: '', state: '' };

function newCall(): { requestId: string; progressToken: string } {
  calls += 1;
  const number = String(calls).padStart(4, '0');
  return { requestId: `call-${number}`, progressToken: `token-${number}` };
}

/** Calls a tool in the stateless era. */
export function callOf(
  client: RawClient,
  name: string,
  handle?: string,
  options: StatelessOptions = {},
  more: object = {},
): Promise<RawResponse> {
  return postStateless(
    client,
    'tools/call',
    { name, arguments: handle === undefined ? {} : { session: handle }, ...more },
    { meta: { clientCapabilities: CAPABILITIES }, headers: { 'mcp-param-session': handle }, ...options },
  );
}

function isQuestion({ method }: JsonRpcMessage): boolean {
  return method === 'elicitation/create';
}

function answers(requestId: string): (message: JsonRpcMessage) => boolean {
  return ({ id, method }) => id === requestId && method === undefined;
}

function expectHello(answer: JsonRpcMessage): void {
  expect(textOf(answer)).to.equal('Hello, Ada!');
}
