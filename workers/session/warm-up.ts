/**
 * Warms up a waiting spare. It runs one short artificial session, so that schemas are built, functions are compiled and
 * inline caches are filled before a real session claims the spare. Otherwise this would happen during the `initialize`
 * and first call of that session, while its client waits.
 */

import { setImmediate as turn } from 'node:timers/promises';
import * as z from 'zod/v4';
import type { SetupDefinition } from '../../src/shared/define-server.js';
import { decodeToWorker, encodeFromWorker, encodeToWorker } from '../../src/shared/frames/codec.js';
import type { ClaimFrame, MessageFrame } from '../../src/shared/frames/to-worker.js';
import { NOBODY } from '../../src/shared/session-context.js';
import { CALL } from './sdk1/call-handlers.js';
import { NEWEST_PROTOCOL_VERSION } from './sdk1/mcp-server.js';
import { SessionHost } from './session-host.js';
import type { SessionHostOwner } from './session-host-owner.js';

/**
 * After this many calls V8 has begun to collect type feedback of the functions; otherwise the next calls would pay for
 * that.
 */
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
 * @param setup code that only registers and has no other effect: a user's module is set up only for real sessions
 * @param isClaimed whether a real session has come: the warm-up then ends
 */
export async function warmUp(
  { log, children, fastPath }: Pick<SessionHostOwner, 'log' | 'children' | 'fastPath'>,
  setup: SetupDefinition['setup'] | undefined,
  isClaimed: () => boolean,
): Promise<void> {
  const owner: SessionHostOwner = {
    log,
    children,
    fastPath,
    tools: undefined,
    learns: false,
    stateUsedKib: 0,
    // The work for each answer has to be warmed up as well.
    post: (frame) => void encodeFromWorker(frame),
  };
  const claim: ClaimFrame = {
    type: 'claim',
    context: {
      sessionId: 'warm-up',
      server: 'warm-up',
      era: 'session',
      affinity: 'session',
      transport: 'streamable-http',
      client: { name: 'warm-up', version: '0' },
      protocolVersion: NEWEST_PROTOCOL_VERSION,
      userAgent: undefined,
      remoteAddress: undefined,
      principal: 'anonymous',
      identity: NOBODY,
      startedAtMs: 0,
      metadata: {},
    },
    state: undefined,
    replay: [],
    firstRequestId: 0,
    handleTools: undefined,
  };
  const definition: SetupDefinition = {
    name: 'warm-up',
    version: '0',
    setup(server, session) {
      server.registerTool(TOOL, { inputSchema: { text: z.string() } }, ({ text }) => ({
        content: [{ type: 'text', text }],
      }));
      return setup?.(server, session);
    },
  };
  const host = new SessionHost(owner, definition, claim);
  await host.start();
  for (const message of MESSAGES) {
    if (isClaimed()) return;
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const posted = encodeToWorker({
      type: 'message',
      key: '',
      body,
      fastPath: message.method === CALL,
      stateless: false,
    });
    host.receive(decodeToWorker(posted) as MessageFrame);
    await turn();
  }
}
