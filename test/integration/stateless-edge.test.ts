/** What the edge serves of revision 2026-07-28 beside the sessions, and which headers it accepts (R1.17 to R1.27). */
import { request as httpRequest } from 'node:http';
import { expect } from 'chai';
import { collect } from '../support/events.js';
import { expectRejection } from '../support/expectations.js';
import { connectedClient, rawClient, sharedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { initializeRequest, type RawHeaders, textOf } from '../support/raw-client.js';
import {
  askStateless,
  FIND,
  FIND_HEADERS,
  postStateless,
  STATELESS_VERSION,
  statelessMessage,
} from '../support/stateless.js';

describe('Both eras on one URL', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('header-params'), affinity: 'request' });

  it('serves a stateless request without a session id in either direction', async () => {
    const client = rawClient(gateway());
    const response = await postStateless(client, 'tools/call', FIND, { headers: FIND_HEADERS });
    expect(response.status).to.equal(200);
    expect(response.headers).to.not.have.property('mcp-session-id');
    expect(JSON.parse(textOf(await response.answer(1)))).to.deep.equal(FIND.arguments);
  });

  it('ignores Mcp-Session-Id and Last-Event-ID on it, whether they name something or not (section 1.8)', async () => {
    const { sessionId } = await connectedClient(gateway());
    for (const id of [sessionId, 'gone']) {
      const headers = { 'mcp-session-id': id, 'last-event-id': '1' };
      const response = await postStateless(rawClient(gateway()), 'tools/list', {}, { headers });
      expect(response.status).to.equal(200);
      expect(response.headers).to.not.have.property('mcp-session-id');
      expect((await response.answer(1)).result).to.have.property('tools');
    }
  });

  it('serves a session beside it, by initialize', async () => {
    const client = await connectedClient(gateway());
    expect((await client.ask('tools/list')).result).to.have.property('tools');
    const opening = await rawClient(gateway()).post(initializeRequest(1), {
      'mcp-protocol-version': STATELESS_VERSION,
    });
    expect(opening.status).to.equal(200);
    expect(opening.headers).to.have.property('mcp-session-id');
  });

  it('has POST alone: GET and DELETE are 405 (section 1.8)', async () => {
    const client = await connectedClient(gateway());
    for (const method of ['GET', 'DELETE']) {
      const response = await client.send(method, undefined, { 'mcp-protocol-version': STATELESS_VERSION });
      await expectRejection(response, 405);
      expect(response.headers.allow).to.equal('POST');
    }
    expect((await client.ask('tools/list')).result).to.have.property('tools');
  });

  it('answers with the id of the request as it came (R2.8)', async () => {
    for (const id of [0, -7, 'a', '7']) {
      const { answer } = await askStateless(rawClient(gateway()), 'tools/list', {}, { id });
      expect(answer.id).to.equal(id);
      const rejected = await askStateless(rawClient(gateway()), 'ping', {}, { id });
      expect(rejected.answer.id).to.equal(id);
    }
  });

  it('accepts a notification with 202 and no body, and does nothing (R1.6)', async () => {
    const notification = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
    const response = await rawClient(gateway()).post(notification, {
      'mcp-protocol-version': STATELESS_VERSION,
    });
    expect(response.status).to.equal(202);
    expect(await response.text()).to.equal('');
  });
});

describe('The status of a stateless request that calls no tool and takes longer than sse-after', () => {
  const gateway = sharedGateway({
    serverModule: fixtureModule('header-params'),
    affinity: 'request',
    sseAfter: '0ms',
  });

  it('is that of its error all the same (R1.19)', async () => {
    const client = rawClient(gateway());
    for (let time = 0; time < 5; time += 1) {
      const unknown = await askStateless(client, 'unknown/method');
      expect({ status: unknown.status, code: unknown.answer.error?.code }).to.deep.equal({
        status: 404,
        code: -32601,
      });
    }
    const list = await postStateless(client, 'tools/list');
    expect(list.isEventStream).to.equal(false);
    expect((await list.answer(1)).result).to.have.property('tools');
  });
});

describe('Headers that the edge accepts of 2026-07-28', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('header-params'), affinity: 'request' });

  it('are encoded, have white space around them, and other letters in their names (R1.21, R1.22)', async () => {
    const encoded = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;
    const variants: RawHeaders[] = [
      { 'mcp-name': encoded('find'), 'mcp-param-region': encoded('us-west1') },
      { 'mcp-name': '  find\t', 'mcp-method': '  tools/call  ', 'mcp-param-region': '\tus-west1 ' },
      { 'mcp-name': undefined, 'MCP-NAME': 'find', 'mcp-method': undefined, 'Mcp-Method': 'tools/call' },
      { 'mcp-param-page-size': '42.0' },
      { 'mcp-param-unknown': 'whatever' },
    ];
    for (const variant of variants) {
      const headers = { ...FIND_HEADERS, ...variant };
      const { status, answer } = await askStateless(rawClient(gateway()), 'tools/call', FIND, { headers });
      expect(status, JSON.stringify(answer)).to.equal(200);
      expect(JSON.parse(textOf(answer))).to.deep.equal(FIND.arguments);
    }
  });

  it('need not be there for arguments that are not (R1.25)', async () => {
    for (const given of [undefined, {}, { region: undefined }]) {
      const params = { name: 'find', ...(given !== undefined && { arguments: given }) };
      const { status, answer } = await askStateless(rawClient(gateway()), 'tools/call', params);
      expect(status, JSON.stringify(answer)).to.equal(200);
      expect(answer).to.have.property('result');
    }
  });

  it('are not asked for in the session era (R1.25)', async () => {
    const client = await connectedClient(gateway());
    expect(JSON.parse(textOf(await client.call('find', FIND.arguments)))).to.deep.equal(FIND.arguments);
  });

  it('are refused when they come twice, also where the two look like one', async () => {
    const { hostname, port, pathname } = rawClient(gateway()).url;
    const body = JSON.stringify(
      statelessMessage('tools/call', { name: 'find', arguments: { region: 'Seattle, WA' } }),
    );
    const status = await new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        hostname,
        port,
        path: pathname,
        method: 'POST',
        headers: {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          'mcp-protocol-version': STATELESS_VERSION,
          'mcp-method': 'tools/call',
          'mcp-name': 'find',
          'mcp-param-region': ['Seattle', 'WA'],
        },
      });
      outgoing.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
    expect(status).to.equal(400);
  });
});

describe('lenient-version-header', () => {
  const gateway = sharedGateway({
    serverModule: fixtureModule('header-params'),
    affinity: 'request',
    lenientVersionHeader: true,
  });

  it('serves a request with an older version in its header, whatever other headers it lacks', async () => {
    const headers = { 'mcp-protocol-version': '2025-11-25', 'mcp-method': undefined, 'mcp-name': undefined };
    for (const more of [{}, FIND_HEADERS, { 'mcp-session-id': 'gone' }]) {
      const options = { headers: { ...headers, ...more } };
      const { status, answer } = await askStateless(rawClient(gateway()), 'tools/call', FIND, options);
      expect(status, JSON.stringify(answer)).to.equal(200);
      expect(JSON.parse(textOf(answer))).to.deep.equal(FIND.arguments);
    }
  });

  it('still rejects headers that differ, and versions that are not served', async () => {
    const older = { 'mcp-protocol-version': '2025-11-25' };
    const differing = { headers: { ...older, 'mcp-param-region': 'elsewhere' } };
    expect(
      (await askStateless(rawClient(gateway()), 'tools/call', FIND, differing)).answer.error?.code,
    ).to.equal(-32020);
    const unserved = { headers: older, meta: { protocolVersion: '2027-01-01' } };
    expect(
      (await askStateless(rawClient(gateway()), 'tools/list', {}, unserved)).answer.error?.code,
    ).to.equal(-32022);
  });
});

describe('A client whose header has an older version than its body', () => {
  const gateway = sharedGateway({ serverModule: fixtureModule('header-params'), affinity: 'request' });

  it('is rejected by a reason of its own, and named', async () => {
    const rejections = collect(gateway().events, 'rejected');
    const options = {
      headers: { 'mcp-protocol-version': '2025-11-25' },
      meta: { clientInfo: { name: 'claude-ai', version: '0.1' } },
    };
    const { status, answer } = await askStateless(rawClient(gateway()), 'tools/list', {}, options);
    expect({ status, code: answer.error?.code }).to.deep.equal({ status: 400, code: -32020 });
    expect(rejections.map(({ reason }) => reason)).to.deep.equal(['version_header']);
    expect(rejections[0]?.detail).to.include('"claude-ai" "0.1"').and.include('lenient-version-header');
  });
});
