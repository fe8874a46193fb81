/** `bulkhead bridge` to a server of the SDK's version 2 that serves HTTP itself. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { expect } from 'chai';
import * as z from 'zod/v4';
import { afterThisTest } from '../support/cleanup.js';
import { connectStdio } from '../support/stdio-client.js';

/** It makes a server for each request, and knows no sessions. */
async function startServer(): Promise<string> {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'stateless', version: '2.0.0' });
    server.registerTool('say', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
      content: [{ type: 'text', text }],
    }));
    return server;
  });
  const serve = toNodeHandler(handler);
  // Its optional properties do not allow `undefined`, which Node's have.
  const http = createServer((request, response) => void serve(request as NodeIncomingMessageLike, response));
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  afterThisTest(() => {
    http.closeAllConnections();
    return new Promise<void>((closed) => http.close(() => closed()));
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
}

describe("A bridge to a server made with the second SDK's HTTP handler", () => {
  it('lists and calls its tools for a client of the first SDK', async () => {
    const { client } = await connectStdio(['bridge', await startServer()]);
    expect(client.getServerVersion()).to.deep.include({ name: 'stateless', version: '2.0.0' });
    expect((await client.listTools()).tools.map(({ name }) => name)).to.deep.equal(['say']);
    const { content } = await client.callTool({ name: 'say', arguments: { text: 'over the bridge' } });
    expect(content).to.deep.equal([{ type: 'text', text: 'over the bridge' }]);
  });
});
