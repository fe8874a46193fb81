/**
 * For orientation: `node:http` with nothing on it. It answers `initialize` and `echo` with the bytes that an MCP
 * server would, and checks nothing: no session, no schema, no protocol.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { announce } from './servers/announce.js';
import { SERVER_INFO } from './servers/tools.js';

interface Message {
  readonly id?: number;
  readonly method: string;
  readonly params?: { readonly arguments?: { readonly text?: string }; readonly protocolVersion?: string };
}

function answer(body: string, response: ServerResponse): void {
  const { id, method, params } = JSON.parse(body) as Message;
  if (id === undefined) {
    response.writeHead(202).end();
    return;
  }
  const headers: Record<string, string | number> = { 'content-type': 'application/json' };
  if (method === 'initialize') headers['mcp-session-id'] = randomUUID();
  const result =
    method === 'initialize'
      ? { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: SERVER_INFO }
      : { content: [{ type: 'text', text: params?.arguments?.text }] };
  const text = JSON.stringify({ result, jsonrpc: '2.0', id });
  headers['content-length'] = Buffer.byteLength(text);
  response.writeHead(200, headers).end(text);
}

announce(
  createServer((request, response) => {
    if (request.method !== 'POST') {
      request.resume();
      response.writeHead(200).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(Buffer.concat(chunks).toString(), response));
  }),
);
