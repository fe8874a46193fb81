/** `environment_info`. */
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import * as z from 'zod/v4';
import type { Session } from '../../src/shared/define-server.js';
import { readDisks } from './disks.js';
import { readMemory, readProcessor, readSystem } from './machine.js';
import { structuredResult } from './tool-result.js';
import { recallToolchains, TOOLCHAIN_TIMEOUT_MS } from './toolchains.js';

export function registerEnvironmentInfoTool(
  server: McpServer,
  session: Session,
  roots: readonly string[],
): void {
  server.registerTool(
    'environment_info',
    {
      title: 'Environment information',
      description:
        "The gateway's machine: operating system, processor, memory, disks and versions of development tools.",
      outputSchema: outputSchema(),
      annotations: {
        title: 'Environment information',
        readOnlyHint: true,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    async (extra) => {
      const [system, disks, tools] = await Promise.all([
        readSystem(),
        readDisks(roots),
        recallToolchains(session, extra.signal),
      ]);
      const rootFolders = [...roots];
      return structuredResult({
        system,
        processor: readProcessor(),
        memory: readMemory(),
        disks,
        tools,
        rootFolders,
      });
    },
  );
}

function outputSchema() {
  const bytes = z.number().min(0);
  return {
    system: z
      .object({
        platform: z.string().describe("Node's name of the platform, such as linux."),
        name: z.string().describe('The distribution or operating system.'),
        kernel: z.string().describe("The operating system's release."),
        architecture: z.string().describe("Node's name of the architecture, such as x64."),
        hostname: z.string().describe('The name of the machine.'),
        uptimeSeconds: z.number().describe('Seconds since the machine started.'),
        timeZone: z.string().describe('IANA name of the time zone.'),
        nodeVersion: z.string().describe('The version of Node.js that the gateway runs on.'),
      })
      .describe('The operating system.'),
    processor: z
      .object({
        model: z.string().nullable().describe('The model, where known.'),
        count: z.number().describe('Logical processors.'),
        usable: z.number().describe('Logical processors that the gateway may use.'),
        loadAverage: z.array(z.number()).describe('Over 1, 5 and 15 minutes.'),
      })
      .describe('The processor.'),
    memory: z
      .object({
        totalBytes: bytes.describe('What the machine has.'),
        availableBytes: bytes.describe('What the gateway could still take.'),
        limitBytes: bytes
          .nullable()
          .describe("The gateway's limit, such as a container's; null without one."),
      })
      .describe('Main memory.'),
    disks: z
      .array(
        z.object({
          mountPoint: z.string().describe('Where it is mounted.'),
          device: z.string().nullable().describe('What is mounted, where known.'),
          type: z.string().nullable().describe('The type of the file system, where known.'),
          totalBytes: bytes.nullable().describe('Its size; null for one on another machine.'),
          freeBytes: bytes.nullable().describe('What is free; null for one on another machine.'),
          availableBytes: bytes.nullable().describe('What is free for all; null for one on another machine.'),
        }),
      )
      .describe('Mounted file systems that store something, 64 at most.'),
    tools: z
      .record(z.string(), z.string().nullable())
      .describe(
        `Version by command; null when it is missing or does not answer in ${TOOLCHAIN_TIMEOUT_MS} ms. Up to ten minutes old.`,
      ),
    rootFolders: z.array(z.string()).describe('The folders that the file tools may read.'),
  };
}
