/**
 * Makes a waiting spare ready for more than its claim: it plays one short session that nobody sees, so that the
 * schemas, the compiled functions and the inline caches that a real one needs are there when it comes. Without it a
 * claimed thread's `initialize` and first call pay for them, while a client waits.
 */
import { setImmediate as turn } from 'node:timers/promises';
import * as z from 'zod/v4';
import type { ServerDefinition } from '../../src/shared/define-server.js';
import { decodeToWorker, encodeFromWorker, encodeToWorker } from '../../src/shared/frames/codec.js';
import type { MessageFrame } from '../../src/shared/frames/to-worker.js';
import { CALL } from './sdk1/call-handlers.js';
import { NEWEST_PROTOCOL_VERSION } from './sdk1/mcp-server.js';
import { SessionHost, type SessionHostParts } from './session-host.js';

/** So many, because V8 only then watches what a function works on, which its next calls would pay for. */
const CALLS = 9;
const TOOL = 'warm_up';
const MESSAGES = [
  {
    id: 0,
    method: 'initialize',
    params: {
      protocolVersion: NEWEST_PROTOCOL_VERSION,
      capabilities: {},
      clientInfo: { name: 'warm-up', version: '0' },
    },
  },
  { method: 'notifications/initialized' },
  { id: 1, method: 'tools/list' },
  ...Array(CALLS).fill({ id: 2, method: CALL, params: { name: TOOL, arguments: { text: '' } } }),
];

/**
 * @param setup what only registers and touches nothing else: a user's module is set up for real sessions alone.
 * @param isClaimed a real session has come: the warm-up ends
 */
export async function warmUp(
  { log, children, fastPath }: Pick<SessionHostParts, 'log' | 'children' | 'fastPath'>,
  setup: ServerDefinition['setup'] | undefined,
  isClaimed: () => boolean,
): Promise<void> {
  const host = new SessionHost({
    claim: {
      type: 'claim',
      context: {
        sessionId: 'warm-up',
        transport: 'streamable-http',
        client: { name: 'warm-up', version: '0' },
        protocolVersion: NEWEST_PROTOCOL_VERSION,
        userAgent: undefined,
        remoteAddress: undefined,
        principal: 'anonymous',
        startedAtMs: 0,
        metadata: {},
      },
      state: undefined,
      replay: [],
      firstRequestId: 0,
    },
    definition: {
      name: 'warm-up',
      version: '0',
      setup(server, session) {
        server.registerTool(TOOL, { inputSchema: { text: z.string() } }, ({ text }) => ({
          content: [{ type: 'text', text }],
        }));
        return setup?.(server, session);
      },
    },
    // What is done for each answer is to be warm as well.
    post: (frame) => void encodeFromWorker(frame),
    postUnpaced: () => {},
    stateUsedKib: () => 0,
    log,
    children,
    fastPath,
  });
  await host.start();
  for (const message of MESSAGES) {
    if (isClaimed()) return;
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const posted = encodeToWorker({ type: 'message', key: '', body, fastPath: message.method === CALL });
    host.receive(decodeToWorker(posted) as MessageFrame);
    await turn();
  }
}
