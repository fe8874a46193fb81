/**
 * The baseline: the SDK's own `StreamableHTTPServerTransport`, stateful, one `McpServer` for each session, all in
 * one thread on plain `node:http`. `--json` makes it answer with JSON in place of SSE, which is not its default.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { announce } from './servers/announce.js';
import { registerTools, SERVER_INFO } from './servers/tools.js';

const enableJsonResponse = process.argv.includes('--json');
const transports = new Map<string, StreamableHTTPServerTransport>();

async function openSession(): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse,
    onsessioninitialized: (sessionId) => {
      transports.set(sessionId, transport);
    },
    onsessionclosed: (sessionId) => {
      transports.delete(sessionId);
    },
  });
  const server = new McpServer(SERVER_INFO);
  registerTools(server);
  // The SDK declares this class's callbacks as `T | undefined` and its interface's as optional, which
  // exactOptionalPropertyTypes keeps apart.
  await server.connect(transport as Transport);
  return transport;
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sessionId = request.headers['mcp-session-id'];
  const known = typeof sessionId === 'string' ? transports.get(sessionId) : undefined;
  if (sessionId !== undefined && known === undefined) {
    response.writeHead(404).end();
    return;
  }
  const transport = known ?? (await openSession());
  await transport.handleRequest(request, response);
}

const listener = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.destroy();
  });
});
announce(listener);
