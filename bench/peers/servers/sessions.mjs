/** A stateful Streamable HTTP server on `node:http`, as both SDKs show it: a transport and a server for each session. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

/** @param open makes a transport with these options and connects a new server to it */
export function listen(open) {
  const transports = new Map();

  async function handle(request, response) {
    const sessionId = request.headers['mcp-session-id'];
    let transport = transports.get(sessionId);
    if (sessionId !== undefined && transport === undefined) {
      response.writeHead(404).end();
      return;
    }
    transport ??= await open({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        transports.set(id, transport);
      },
      onsessionclosed: (id) => {
        transports.delete(id);
      },
    });
    await transport.handleRequest(request, response);
  }

  const port = Number(process.argv[2]);
  createServer((request, response) => {
    handle(request, response).catch((error) => {
      process.stderr.write(`${error}\n`);
      response.destroy();
    });
  }).listen(port, '127.0.0.1');
}
