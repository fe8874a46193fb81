/** `wait` and `session_info`. */
import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { threadId } from 'node:worker_threads';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import * as z from 'zod/v4';
import type { Session } from '../../src/shared/define-server.js';
import { clockMs } from '../session/clock.js';
import { ProgressReporter } from './progress.js';
import { structuredResult } from './tool-result.js';

const MAX_WAIT_MS = 600_000;
const PROGRESS_INTERVAL_MS = 1_000;

export function registerSessionTools(server: McpServer, session: Session): void {
  server.registerTool(
    'wait',
    {
      title: 'Wait',
      description:
        'Waits up to ten minutes, with progress every second; cancelling it ends the wait at once.',
      inputSchema: {
        ms: z.number().int().min(0).max(MAX_WAIT_MS).describe('How many milliseconds to wait.'),
      },
      outputSchema: { waitedMs: z.number().describe('How many milliseconds the wait took.') },
      annotations: { title: 'Wait', readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async ({ ms }, extra) => {
      const startedMs = clockMs();
      const progress = new ProgressReporter(extra, 0);
      const report = (elapsedMs: number) => progress.report(elapsedMs, ms, `${elapsedMs} of ${ms} ms`);
      for (let leftMs = ms; leftMs > 0; leftMs = ms - (clockMs() - startedMs)) {
        await setTimeout(Math.min(leftMs, PROGRESS_INTERVAL_MS), undefined, { signal: extra.signal });
        await report(Math.min(ms, Math.round(clockMs() - startedMs)));
      }
      // A timer may fire within the last millisecond, in which case it has not reported the full time.
      await report(ms);
      return structuredResult({ waitedMs: Math.round(clockMs() - startedMs) });
    },
  );

  server.registerTool(
    'session_info',
    {
      title: 'Session information',
      description: 'What the gateway knows of this session, and the memory of the thread that serves it.',
      outputSchema: sessionInfoSchema(),
      annotations: {
        title: 'Session information',
        readOnlyHint: true,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    () => structuredResult(sessionInfo(session)),
  );
}

function sessionInfo({ context, requestKey }: Session) {
  const memory = process.memoryUsage();
  return {
    sessionId: context.sessionId,
    transport: context.transport,
    client: { name: context.client.name, version: context.client.version },
    protocolVersion: context.protocolVersion,
    userAgent: context.userAgent ?? null,
    remoteAddress: context.remoteAddress ?? null,
    principal: context.principal,
    startedAt: new Date(context.startedAtMs).toISOString(),
    ageMs: Math.max(0, Date.now() - context.startedAtMs),
    metadata: asJson(context.metadata),
    requestKey: requestKey ?? null,
    thread: {
      threadId,
      heapUsedBytes: memory.heapUsed,
      heapTotalBytes: memory.heapTotal,
      heapLimitBytes: getHeapStatistics().heap_size_limit,
      externalBytes: memory.external,
      arrayBuffersBytes: memory.arrayBuffers,
    },
  };
}

/** Metadata crosses threads by structured clone, which accepts more than JSON does. */
function asJson(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(metadata).map(([key, value]) => [key, jsonValue(value)]);
  return Object.fromEntries(entries);
}

function jsonValue(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value));
  } catch (error) {
    // `undefined` has no JSON text, and neither does a BigInt or a circle.
    if (error instanceof TypeError || error instanceof SyntaxError) return inspect(value);
    throw error;
  }
}

function sessionInfoSchema() {
  const bytes = z.number().min(0);
  return {
    sessionId: z.string().describe('The id of the session.'),
    transport: z.string().describe('How the client talks to the gateway.'),
    client: z
      .object({
        name: z.string().describe('As the client called itself.'),
        version: z.string().describe("The client's version."),
      })
      .describe('The client.'),
    protocolVersion: z.string().describe('The revision of MCP that the session speaks.'),
    userAgent: z
      .string()
      .nullable()
      .describe('The User-Agent header of the request that opened the session.'),
    remoteAddress: z.string().nullable().describe("The peer's address."),
    principal: z.string().describe('Who opened the session.'),
    startedAt: z.string().describe('When the session started, ISO 8601.'),
    ageMs: z.number().describe('Milliseconds since then.'),
    metadata: z.record(z.string(), z.unknown()).describe('What the gateway was told about the session.'),
    requestKey: z.string().nullable().describe('The gateway-wide unique id of this request.'),
    thread: z
      .object({
        threadId: z.number().describe('The id of the thread in its process.'),
        heapUsedBytes: bytes.describe('Heap in use.'),
        heapTotalBytes: bytes.describe('Heap taken from the system.'),
        heapLimitBytes: bytes.describe('How large the heap may become.'),
        externalBytes: bytes.describe('Memory outside of the heap that its objects hold.'),
        arrayBuffersBytes: bytes.describe('The part of it that Buffers hold.'),
      })
      .describe('The thread that serves the session now.'),
  };
}
