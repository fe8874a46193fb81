/** What the proxies start: one session over stdin and stdout. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { register, SERVER_INFO } from './tools.mjs';

const server = new McpServer(SERVER_INFO);
register(server, (extra) => extra.signal);
await server.connect(new StdioServerTransport());
