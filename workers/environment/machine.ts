/** The operating system, the processor and the memory, as far as the process may use them. */
import { readFile } from 'node:fs/promises';
import * as os from 'node:os';
import { hasCode } from './root-folders.js';

export async function readSystem() {
  return {
    platform: process.platform,
    name: (await distributionName()) ?? os.type(),
    kernel: os.release(),
    architecture: process.arch,
    hostname: os.hostname(),
    uptimeSeconds: Math.round(os.uptime()),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    nodeVersion: process.versions.node,
  };
}

export function readProcessor() {
  const processors = os.cpus();
  return {
    model: processors[0]?.model.trim() || null,
    count: processors.length,
    usable: os.availableParallelism(),
    loadAverage: os.loadavg(),
  };
}

export function readMemory() {
  const totalBytes = os.totalmem();
  const limitBytes = process.constrainedMemory();
  return {
    totalBytes,
    availableBytes: process.availableMemory(),
    limitBytes: limitBytes > 0 && limitBytes < totalBytes ? limitBytes : null,
  };
}

/** `PRETTY_NAME` of os-release(5); `undefined` where there is no such file. */
async function distributionName(): Promise<string | undefined> {
  try {
    const release = await readFile('/etc/os-release', 'utf8');
    return /^PRETTY_NAME=["']?(.*?)["']?$/m.exec(release)?.[1];
  } catch (error) {
    if (hasCode(error)) return undefined;
    throw error;
  }
}
