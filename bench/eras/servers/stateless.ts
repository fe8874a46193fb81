/** SDK 2's `createMcpHandler` on plain `node:http`: a fresh server for each request, all of them in one thread. */
import { createServer } from 'node:http';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { announce } from '../../servers/announce.js';
import { newServer } from './tools.js';

const handle = toNodeHandler(createMcpHandler(newServer));

announce(
  createServer((request, response) => {
    // The SDK's types do not allow for `exactOptionalPropertyTypes`.
    handle(request as NodeIncomingMessageLike, response).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      response.destroy();
    });
  }),
);
