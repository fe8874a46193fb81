import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';

/** A GET stream that is held open by one socket of its own; what the server said instead of opening it stands in its status. */
export async function holdStream(url: URL, sessionId: string): Promise<IncomingMessage> {
  const outgoing = request(url, {
    agent: new Agent({ keepAlive: true }),
    headers: { accept: 'text/event-stream', 'mcp-session-id': sessionId },
  });
  outgoing.end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  incoming.resume();
  // The server stops before its clients.
  incoming.on('error', () => undefined);
  return incoming;
}
