/** The tools of `bench/servers/tools.ts` for servers that are made with SDK 2. */
import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { SERVER_INFO } from '../../servers/tools.js';

// Built once for all servers, so that a new server for each request does not build them again.
const ECHO = z.object({ text: z.string() });
const SPIN = z.object({ ms: z.number() });

/** A server that is not connected yet. */
export function newServer(): McpServer {
  const server = new McpServer(SERVER_INFO);
  server.registerTool('echo', { inputSchema: ECHO }, ({ text }) => ({ content: [{ type: 'text', text }] }));
  server.registerTool('spin', { inputSchema: SPIN }, ({ ms }) => {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs);
    return { content: [{ type: 'text', text: 'done' }] };
  });
  return server;
}
