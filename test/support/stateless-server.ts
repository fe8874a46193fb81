/** An MCP server of revision 2026-07-28 made with SDK 2 alone, which records what a client sends. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  inputResponse,
  McpServer,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { afterThisTest } from './cleanup.js';

export interface StatelessServer {
  readonly url: string;
  /** `server/discover`, `tools/list`, …, or the HTTP method of what is no POST, in the order of their arrival. */
  readonly requests: string[];
  /** Of the latest request. */
  readonly headers: () => IncomingHttpHeaders;
  /** Resolves when the tool `hang` runs. */
  readonly hanging: Promise<unknown>;
  /** Resolves when the handler of `hang` is aborted. */
  readonly aborted: Promise<unknown>;
  /** Cuts every connection and stops listening. */
  vanish(): void;
}

const QUESTION = {
  message: "What's your name?",
  requestedSchema: {
    type: 'object' as const,
    properties: { name: { type: 'string' as const }, sure: { type: 'boolean' as const } },
    required: ['name'],
  },
};

function registerTools(server: McpServer, hang: EventTarget): void {
  server.registerTool('greet', { inputSchema: z.object({ name: z.string() }) }, ({ name }) => ({
    content: [{ type: 'text', text: `Hello, ${name}` }],
  }));
  server.registerTool('fail', {}, () => ({
    isError: true,
    content: [{ type: 'text', text: 'no such file' }],
  }));
  server.registerTool('count', {}, async (context) => {
    const progressToken = context.mcpReq._meta?.progressToken ?? 0;
    for (const progress of [1, 2]) {
      const params = { progressToken, progress, total: 2, message: `step ${progress}` };
      await context.mcpReq.notify({ method: 'notifications/progress', params });
    }
    return { content: [{ type: 'text', text: 'counted' }] };
  });
  server.registerTool('hang', {}, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken ?? 0;
    await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
    mcpReq.signal.addEventListener('abort', () => hang.dispatchEvent(new Event('aborted')));
    hang.dispatchEvent(new Event('hanging'));
    await once(mcpReq.signal, 'abort');
    return { content: [] };
  });
  const place = z.object({ region: z.string().meta({ 'x-mcp-header': 'Region' }) });
  server.registerTool('place', { inputSchema: place }, ({ region }) => ({
    content: [{ type: 'text', text: region }],
  }));
  server.registerTool('ask', {}, ({ mcpReq: { inputResponses } }) => {
    const user = acceptedContent(inputResponses, 'user');
    const model = inputResponse(inputResponses, 'model');
    if (user !== undefined && model.kind === 'sampling') {
      return { content: [{ type: 'text', text: JSON.stringify({ user, model: model.result.content }) }] };
    }
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'Who is it?' } }];
    return inputRequired({
      inputRequests: {
        user: inputRequired.elicit(QUESTION),
        model: inputRequired.createMessage({ messages, maxTokens: 5 }),
      },
    });
  });
  // Its first answers are taken back with the state, because no handler of this server waits for its client.
  server.registerTool('ask_twice', {}, ({ mcpReq: { inputResponses, requestState } }) => {
    const first = acceptedContent(inputResponses, 'first')?.name ?? requestState<string>();
    const roots = inputResponse(inputResponses, 'roots');
    if (first === undefined)
      return inputRequired({ inputRequests: { first: inputRequired.elicit(QUESTION) } });
    if (roots.kind !== 'roots') {
      return inputRequired({
        inputRequests: { roots: inputRequired.listRoots() },
        requestState: String(first),
      });
    }
    return { content: [{ type: 'text', text: `${first} ${roots.roots[0]?.uri}` }] };
  });
}

export async function statelessServer(): Promise<StatelessServer> {
  const requests: string[] = [];
  let headers: IncomingHttpHeaders = {};
  const hang = new EventTarget();
  const handle = toNodeHandler(
    createMcpHandler(() => {
      const server = new McpServer({ name: 'stateless', version: '1.0.0' });
      registerTools(server, hang);
      return server;
    }),
  );
  const listener = createServer(async (request, response) => {
    headers = request.headers;
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const message = body === '' ? undefined : (JSON.parse(body) as { method: string });
    requests.push(message?.method ?? String(request.method));
    // Its types are not made for `exactOptionalPropertyTypes`.
    await handle(request as NodeIncomingMessageLike, response, message);
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const vanish = (): void => {
    listener.close();
    listener.closeAllConnections();
  };
  afterThisTest(vanish);
  const { port } = listener.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    requests,
    headers: () => headers,
    hanging: once(hang, 'hanging'),
    aborted: once(hang, 'aborted'),
    vanish,
  };
}
