/**
 * How the gateway itself begins with the server of a compartment, whose clients send no `initialize`. The server speaks
 * the session era, and what it asks its client becomes a round trip; so it is told of a client that can answer.
 */
import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';

/** The parameters of the gateway's `initialize`. They never change: what is learned of a server depends on them. */
export const COMPARTMENT_PARAMS = {
  protocolVersion: LATEST_PROTOCOL_VERSION,
  capabilities: { elicitation: { form: {}, url: {} }, sampling: { context: {}, tools: {} }, roots: {} },
  clientInfo: { name: 'mcp-bulkhead', version: '1' },
} as const;
