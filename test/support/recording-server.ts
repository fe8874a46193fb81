/** An MCP server made only with the SDK, which records what a client sends: for tests of `bulkhead call`. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { z } from 'zod';
import { afterThisTest } from './cleanup.js';

export interface RecordingServer {
  readonly url: string;
  /** `POST tools/call`, `DELETE`, … in the order of their arrival. */
  readonly requests: string[];
  readonly authorizations: Set<string | undefined>;
  /** Resolves when the tool `hang` runs. */
  readonly hanging: Promise<void>;
  /** Resolves when the handler of `hang` is aborted. */
  readonly aborted: Promise<void>;
  /** Cuts every connection and stops listening. */
  vanish(): void;
}

function registerTools(server: McpServer, onHang: (signal: AbortSignal) => void): void {
  server.registerTool('greet', { inputSchema: { name: z.string() } }, ({ name }) => ({
    content: [{ type: 'text', text: `Hello, ${name}` }],
  }));
  server.registerTool('measure', { outputSchema: { metres: z.number() } }, () => ({
    content: [
      { type: 'text', text: '{"metres": 5}' },
      { type: 'text', text: 'measured' },
      { type: 'image', mimeType: 'image/png', data: 'AAAA' },
    ],
    structuredContent: { metres: 5 },
  }));
  server.registerTool('fail', {}, () => ({
    isError: true,
    content: [{ type: 'text', text: 'no such file' }],
  }));
  server.registerTool('count', {}, async (extra) => {
    const progressToken = extra._meta?.progressToken ?? 0;
    for (const progress of [1, 2]) {
      const params = { progressToken, progress, total: 2, message: `step ${progress}` };
      await extra.sendNotification({ method: 'notifications/progress', params });
    }
    return { content: [{ type: 'text', text: 'counted' }] };
  });
  server.registerTool(
    'hang',
    { inputSchema: { announce: z.boolean().optional() } },
    async ({ announce }, extra) => {
      if (announce) {
        const params = { progressToken: extra._meta?.progressToken ?? 0, progress: 1 };
        await extra.sendNotification({ method: 'notifications/progress', params });
      }
      onHang(extra.signal);
      await once(extra.signal, 'abort');
      return { content: [] };
    },
  );
}

type Responder = (request: IncomingMessage, response: ServerResponse, body: unknown) => Promise<void>;

async function streamableResponder(mcp: McpServer): Promise<Responder> {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID });
  // The SDK's types are not made for `exactOptionalPropertyTypes`.
  await mcp.connect(transport as Transport);
  return (request, response, body) => transport.handleRequest(request, response, body);
}

function legacyResponder(mcp: McpServer): Responder {
  let transport: SSEServerTransport | undefined;
  return async (request, response, body) => {
    if (request.method === 'GET') {
      transport = new SSEServerTransport('/messages', response);
      await mcp.connect(transport);
    } else if (request.url?.startsWith('/messages') && transport) {
      await transport.handlePostMessage(request, response, body);
    } else {
      response.writeHead(404).end();
    }
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function resolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** @param kind `sse` answers a POST of `initialize` with 404 and supports HTTP+SSE (2024-11-05) on the same path */
export async function recordingServer(kind: 'streamable' | 'sse' = 'streamable'): Promise<RecordingServer> {
  const requests: string[] = [];
  const authorizations = new Set<string | undefined>();
  const hanging = resolvers();
  const aborted = resolvers();
  const mcp = new McpServer({ name: 'recording', version: '1.0.0' });
  registerTools(mcp, (signal) => {
    signal.addEventListener('abort', () => aborted.resolve());
    hanging.resolve();
  });
  const respond = kind === 'sse' ? legacyResponder(mcp) : await streamableResponder(mcp);
  const listener = createServer(async (request, response) => {
    const body = await readBody(request);
    const method = (body as { method?: string } | undefined)?.method;
    requests.push([request.method, method].filter(Boolean).join(' '));
    authorizations.add(request.headers.authorization);
    await respond(request, response, body);
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const vanish = (): void => {
    listener.close();
    listener.closeAllConnections();
  };
  afterThisTest(async () => {
    vanish();
    await mcp.close();
  });
  const { port } = listener.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    requests,
    authorizations,
    hanging: hanging.promise,
    aborted: aborted.promise,
    vanish,
  };
}
