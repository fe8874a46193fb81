import { FastMCP } from 'fastmcp';
import { z } from 'zod';
import { SERVER_INFO, TOOLS } from './tools.mjs';

const server = new FastMCP(SERVER_INFO);

/** Tools are the server's here, not a session's: what a session holds is found by its id. */
const heldBySession = new Map();
server.on('disconnect', ({ session }) => heldBySession.delete(session.sessionId));

function heldOf(sessionId) {
  const held = heldBySession.get(sessionId) ?? [];
  heldBySession.set(sessionId, held);
  return held;
}

for (const { name, shape, run } of TOOLS) {
  server.addTool({
    name,
    description: name,
    parameters: z.object(shape),
    execute: async (args, { sessionId, signal }) => run(args, { signal, held: heldOf(sessionId) }),
  });
}

await server.start({
  transportType: 'httpStream',
  httpStream: { port: Number(process.argv[2]), host: '127.0.0.1' },
});
