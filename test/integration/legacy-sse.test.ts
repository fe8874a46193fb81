import {
  CreateMessageRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'chai';
import { once } from '../support/events.js';
import { expectRejection, progressOf } from '../support/expectations.js';
import { rawClient, sharedGateway, sseUrl, startGateway } from '../support/gateway.js';
import { LegacyClient } from '../support/legacy-client.js';
import { initializeRequest, textOf, toolCall } from '../support/raw-client.js';
import { connectLegacy, sdkClient } from '../support/sdk-client.js';

describe('Legacy HTTP+SSE (2024-11-05)', () => {
  const gateway = sharedGateway({ keepAlive: '40ms' });

  it('begins its stream with the endpoint for messages, on the same origin', async () => {
    const client = await LegacyClient.open(gateway());
    expect(client.stream.events[0]?.event).to.equal('endpoint');
    expect(client.endpoint.origin).to.equal(gateway().url.origin);
    expect(client.endpoint.pathname).to.equal('/messages');
    expect(client.sessionId).to.match(/^[\x21-\x7e]{22,}$/);
  });

  it('answers a POST with 202 and sends the response on the stream', async () => {
    const client = await LegacyClient.connect(gateway());
    const answer = await client.call('c1', 'echo', { text: 'over SSE' });
    expect(textOf(answer)).to.equal('over SSE');
    const event = client.stream.events.find(({ data }) => data?.includes('over SSE'));
    expect(event?.event).to.be.oneOf([undefined, 'message']);
  });

  it('gives each session its own id and thread', async () => {
    const clients = [await LegacyClient.connect(gateway()), await LegacyClient.connect(gateway())];
    for (const client of clients) expect(textOf(await client.call('w', 'whoami'))).to.equal(client.sessionId);
    expect(clients[0]?.sessionId).to.not.equal(clients[1]?.sessionId);
  });

  it('tells the server module that the transport is sse', async () => {
    const client = await LegacyClient.connect(gateway());
    const { context } = JSON.parse(textOf(await client.call('x', 'context'))) as {
      context: { transport: string };
    };
    expect(context.transport).to.equal('sse');
  });

  it('carries requests of the server and their answers', async () => {
    const client = await LegacyClient.connect(gateway(), { sampling: {} });
    await client.accepted(toolCall('ask', 'ask', { prompt: 'Why?' }));
    const { id } = await client.stream.message(({ method }) => method === 'sampling/createMessage');
    const content = { type: 'text', text: 'Because.' };
    await client.accepted({ jsonrpc: '2.0', id, result: { role: 'assistant', model: 'm', content } });
    expect(textOf(await client.stream.message((message) => message.id === 'ask'))).to.equal('Because.');
  });

  it('carries progress before the response', async () => {
    const client = await LegacyClient.connect(gateway());
    await client.accepted(toolCall('p', 'progress', { steps: 3 }, 'token'));
    await client.stream.message(({ id }) => id === 'p');
    expect(progressOf(client.stream.messages, 'token')).to.deep.equal([1, 2, 3]);
  });

  it('sends comments while nothing else happens', async () => {
    const client = await LegacyClient.connect(gateway());
    await client.stream.next(({ comment }) => comment !== undefined, 'a first comment');
    await client.stream.next(({ comment }) => comment !== undefined, 'a second comment');
  });

  it('answers 404 to messages for an unknown session, and 400 without one', async () => {
    const client = await LegacyClient.open(gateway());
    await expectRejection(
      await client.post(initializeRequest(1), new URL('/messages?sessionId=unknown', client.endpoint)),
      404,
    );
    await expectRejection(
      await client.post(initializeRequest(1), new URL('/messages', client.endpoint)),
      400,
    );
  });

  it('answers 400 to broken JSON', async () => {
    const client = await LegacyClient.connect(gateway());
    await expectRejection(await client.post('{'), 400, -32700);
  });

  it('answers 405 to other methods', async () => {
    const client = await LegacyClient.open(gateway());
    const http = rawClient(gateway());
    for (const [method, url] of [
      ['DELETE', sseUrl(gateway())],
      ['GET', client.endpoint],
    ] as const) {
      const response = await http.send(method, undefined, {}, url);
      expect(response.status, `${method} ${url.pathname}`).to.equal(405);
      await response.text();
    }
  });

  it('ends the session when its stream closes', async () => {
    const client = await LegacyClient.connect(gateway());
    const ended = once(
      gateway().events,
      'session-ended',
      ({ context }) => context.sessionId === client.sessionId,
    );
    client.stream.destroy();
    expect((await ended).reason).to.equal('stream_closed');
    await expectRejection(await client.post(toolCall('late', 'echo', { text: 'late' })), 404);
  });

  it('answers 503 to a stream over the session limit', async () => {
    const small = await startGateway({ maxSessions: 1 });
    await LegacyClient.connect(small);
    const response = await rawClient(small).send('GET', undefined, {}, sseUrl(small));
    expect(response.status).to.equal(503);
    expect(response.headers).to.have.property('retry-after');
    await response.text();
  });
});

describe("Legacy HTTP+SSE with the SDK's client", () => {
  const gateway = sharedGateway();

  it('does a whole round: tools, progress, sampling, logging, prompts, resources', async () => {
    const client = sdkClient({ sampling: {} });
    const logged: unknown[] = [];
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      logged.push(params.data);
    });
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      role: 'assistant' as const,
      model: 'm',
      content: { type: 'text' as const, text: 'sampled' },
    }));
    await connectLegacy(client, gateway());

    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).to.include.members(['echo', 'ask', 'progress']);
    const progress: number[] = [];
    const onprogress = (step: { progress: number }) => progress.push(step.progress);
    // The SDK's client removes a call's progress handler when it reads the answer, and runs the handler a microtask
    // later. A report in the same chunk as the answer is lost. So the tool waits until the client has read them all.
    await client.callTool({ name: 'progress', arguments: { steps: 3, confirmed: true } }, undefined, {
      onprogress,
    });
    expect(progress).to.deep.equal([1, 2, 3]);
    const { content } = await client.callTool({ name: 'ask', arguments: { prompt: 'q' } });
    expect(content).to.deep.equal([{ type: 'text', text: 'sampled' }]);
    await client.callTool({ name: 'broadcast', arguments: { texts: ['news'] } });
    expect(logged).to.deep.equal(['news']);
    expect(
      (await client.getPrompt({ name: 'greeting', arguments: { name: 'Ada' } })).messages,
    ).to.have.length(1);
    expect((await client.readResource({ uri: 'fixture://counter' })).contents[0]).to.include({ text: '0' });
  });

  it('ends the session when the client closes', async () => {
    const client = sdkClient();
    const started = once(gateway().events, 'session-started');
    await connectLegacy(client, gateway());
    const { context } = await started;
    const ended = once(
      gateway().events,
      'session-ended',
      (end) => end.context.sessionId === context.sessionId,
    );
    await client.close();
    expect((await ended).reason).to.equal('stream_closed');
  });
});
