import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createServer } from './server.mjs';

const transports = new Map();

createHttpServer(async (request, response) => {
  const id = request.headers['mcp-session-id'];
  let transport = transports.get(id);
  if (transport === undefined) {
    if (id !== undefined) return response.writeHead(404).end();
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (newId) => transports.set(newId, transport),
    });
    await createServer().connect(transport);
  }
  await transport.handleRequest(request, response);
}).listen(Number(process.argv[2]), '127.0.0.1');
