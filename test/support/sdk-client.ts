import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { ClientCapabilities } from '@modelcontextprotocol/sdk/types.js';
import { afterThisTest } from './cleanup.js';
import { type Gateway, mcpUrl, sseUrl } from './gateway.js';

/** The SDK's own client, not connected yet, so that a test can set its handlers first. */
export function sdkClient(capabilities: ClientCapabilities = {}): Client {
  const client = new Client({ name: 'sdk-client', version: '1.0.0' }, { capabilities });
  afterThisTest(() => client.close());
  return client;
}

/** Connects over Streamable HTTP. */
export async function connectStreamable(
  client: Client,
  gateway: Gateway,
): Promise<StreamableHTTPClientTransport> {
  const transport = new StreamableHTTPClientTransport(mcpUrl(gateway));
  // The SDK's optional properties do not allow `undefined`, but its own classes have it.
  await client.connect(transport as unknown as Transport);
  return transport;
}

/** Connects over legacy HTTP+SSE. */
export async function connectLegacy(client: Client, gateway: Gateway): Promise<void> {
  await client.connect(new SSEClientTransport(sseUrl(gateway)));
}
