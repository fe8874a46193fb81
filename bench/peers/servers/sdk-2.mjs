import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer } from '@modelcontextprotocol/server';
import { listen } from './sessions.mjs';
import { register, SERVER_INFO } from './tools.mjs';

listen(async (options) => {
  const transport = new NodeStreamableHTTPServerTransport(options);
  const server = new McpServer(SERVER_INFO);
  register(server, (context) => context.mcpReq.signal);
  await server.connect(transport);
  return transport;
});
