/** A Streamable HTTP server that does what a test says, and notes what it is sent. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterThisTest } from './cleanup.js';
import { until } from './deadline.js';
import type { Message } from './line-client.js';

interface ScriptedRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Of a POST. */
  readonly message: Message | undefined;
}

/** Answers a request; `false` leaves it to the server, which speaks MCP without any tools. */
export type Script = (request: ScriptedRequest, response: ServerResponse) => boolean | undefined;

export interface ScriptedServer {
  readonly url: URL;
  readonly requests: ScriptedRequest[];
  /** Methods of messages, and HTTP methods of other requests, in the order of their arrival. */
  readonly names: string[];
  /** The session that it knows; another one is answered with 404. */
  sessionId: string;
  script: Script;
  arrived(name: string, times?: number): Promise<void>;
  close(): Promise<void>;
}

export async function scriptedServer(script: Script = () => false, port = 0): Promise<ScriptedServer> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const message = body === '' ? undefined : (JSON.parse(body) as Message);
    const scripted = { method: request.method ?? '', headers: request.headers, message };
    self.requests.push(scripted);
    self.names.push(message?.method ?? (message === undefined ? scripted.method : 'response'));
    if (self.script(scripted, response) === true) return;
    respond(scripted, response, self.sessionId);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const self: ScriptedServer = {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`),
    requests: [],
    names: [],
    sessionId: 'session-1',
    script,
    arrived: async (name, times = 1) => {
      const count = () => self.names.filter((one) => one === name).length;
      await until(
        () => count() >= times,
        () => `${name} to arrive; there were ${self.names.join(', ')}`,
      );
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  afterThisTest(() => self.close());
  return self;
}

export function json(response: ServerResponse, value: unknown, headers: Record<string, string> = {}): true {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  return true;
}

export function result(message: Message | undefined, value: unknown): unknown {
  return { jsonrpc: '2.0', id: message?.id, result: value };
}

function respond({ method, headers, message }: ScriptedRequest, response: ServerResponse, id: string): void {
  if (message?.method === 'initialize') {
    const value = {
      protocolVersion: '2025-11-25',
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: 'scripted', version: '1' },
    };
    json(response, result(message, value), { 'mcp-session-id': id });
  } else if (headers['mcp-session-id'] !== id) {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'Session not found' } }),
    );
  } else if (method === 'GET') {
    response.writeHead(405).end();
  } else if (method === 'DELETE') {
    response.writeHead(200).end();
  } else if (message?.id === undefined || message.method === undefined) {
    response.writeHead(202).end();
  } else if (message.method === 'tools/list') {
    json(response, result(message, { tools: [] }));
  } else {
    json(response, result(message, { content: [{ type: 'text', text: 'done' }] }));
  }
}
