/** Calls of a tool of which nobody knows yet what their callers repeat in headers (2026-07-28, R1.25). */
import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import type { StatelessRequest } from '../../../src/protocol/era.js';
import { Compartments } from '../../../src/session/compartments/compartments.js';
import type { Session } from '../../../src/session/session.js';
import { NOBODY } from '../../../src/shared/session-context.js';
import { HeaderCheck } from '../../../src/transports/http/header-check.js';
import { settle } from '../../support/fake-clock.js';
import { Connection, call, SECOND, world } from '../../support/fake-sessions.js';

const ANNOTATED = {
  valid: [
    { tool: 'find', params: [{ header: 'mcp-param-region', path: ['region'], type: 'string' as const }] },
  ],
  invalid: [],
};

function served() {
  const parts = world({ affinity: 'request' } as unknown as Parameters<typeof world>[0]);
  const { sessions, streams, starter, headerParams } = parts;
  const check = new HeaderCheck(sessions);
  const compartments = new Compartments(sessions, streams);
  const rejected: number[] = [];
  let session: Session | undefined;
  /** A call of `find` with the argument `region`, whose header has this value. */
  const find = async (region: string | undefined): Promise<Connection> => {
    const connection = new Connection();
    const request = {
      headers: region === undefined ? {} : { 'mcp-param-region': region },
      headersDistinct: {},
    } as unknown as IncomingMessage;
    const message = { ...call(7, 'find'), id: sessions.newRequestKey(), stateless: true };
    const classified = {
      message: { ...message, id: 7 },
      params: { name: 'find', arguments: { region: 'west' } },
      client: { name: '', version: '' },
      headersRequired: true,
    } as unknown as StatelessRequest;
    const caller = {
      principal: 'alice',
      identity: NOBODY,
      metadata: {},
      userAgent: undefined,
      remoteAddress: undefined,
    };
    compartments.serve({
      caller,
      chars: 100,
      isGone: () => false,
      begin: (compartment) => {
        session = compartment;
        const before = check.before(classified, request, ({ status }) => void rejected.push(status));
        compartment.request([message], false, connection, before);
      },
      refuse: ({ message: why }) => expect.fail(why),
    });
    await settle();
    return connection;
  };
  const worker = () => starter.started.at(-1)!;
  const sent = () => worker().read.map((body) => JSON.parse(body) as { id: string | number; method: string });
  /** The server lists its tools. */
  const lists = async (): Promise<void> => {
    headerParams.learn(['find'], ANNOTATED);
    worker().answers(sent().at(-1)!.id, { tools: [] });
    await settle();
  };
  return { ...parts, find, worker, sent, lists, rejected, session: () => session! };
}

describe('The first call to a server whose tools nobody has asked for', () => {
  it('waits until its compartment has listed them, and is served if its headers are right', async () => {
    const { find, sent, lists, session, worker, sessions, rejected } = served();
    const connection = await find('west');
    expect(sent().map(({ method }) => method)).to.deep.equal(['tools/list']);
    await lists();
    expect(sent().map(({ method }) => method)).to.deep.equal(['tools/list', 'tools/call']);
    expect(session().ended).to.equal(false);
    const [{ requestKey } = { requestKey: '' }] = session()
      .snapshot()
      .requests.map(({ key }) => ({ requestKey: key }));
    worker().answers(requestKey, { done: true });
    await settle();
    expect(connection.bodies[0]).to.include('"done":true');
    expect(rejected).to.deep.equal([]);
    const next = await find('west');
    expect(
      sent()
        .slice(2)
        .map(({ method }) => method),
      'the next',
    ).to.deep.equal(['tools/call']);
    expect(next.bodies).to.deep.equal([]);
    expect([...sessions.live()]).to.have.length(1);
  });

  it('is refused if they are not, and its compartment is free for others', async () => {
    const { find, sent, lists, rejected, sessions, clock } = served();
    const connection = await find(undefined);
    await clock.advance(3 * SECOND);
    await lists();
    expect(connection.opened, 'so that its status is 400').to.equal(false);
    expect(sent().map(({ method }) => method)).to.deep.equal(['tools/list']);
    expect(connection.bodies).to.have.length(1);
    expect(JSON.parse(connection.bodies[0]!))
      .to.deep.include({ id: 7 })
      .and.nested.include({ 'error.code': -32020 });
    expect(rejected).to.deep.equal([400]);
    await find('west');
    expect([...sessions.live()]).to.have.length(1);
  });

  it('is never sent to the server if its client leaves meanwhile', async () => {
    const { find, sent, lists, all } = served();
    const connection = await find('west');
    connection.closes();
    await settle();
    await lists();
    expect(sent().map(({ method }) => method)).to.deep.equal(['tools/list']);
    expect(all.requestsInFlight).to.equal(0);
  });

  it('is served unchecked if the server does not list them in time', async () => {
    const { find, sent, clock } = served();
    await find(undefined);
    await clock.advance(74 * SECOND);
    expect(sent().map(({ method }) => method)).to.deep.equal(['tools/list']);
    await clock.advance(2 * SECOND);
    expect(sent().map(({ method }) => method)).to.include('tools/call');
  });

  it('counts among what the server has not read', async () => {
    const { find, session, lists } = served();
    await find('west');
    expect(session().unreadChars).to.be.above(0);
    await lists();
    expect(session().unreadChars).to.equal(0);
  });
});
