import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { listen } from './sessions.mjs';
import { register, SERVER_INFO } from './tools.mjs';

listen(async (options) => {
  const transport = new StreamableHTTPServerTransport(options);
  const server = new McpServer(SERVER_INFO);
  register(server, (extra) => extra.signal);
  await server.connect(transport);
  return transport;
});
