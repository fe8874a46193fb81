import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { createServer } from './server.mjs';

await createServer().connect(new StdioServerTransport());
