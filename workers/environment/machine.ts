/** The operating system, the processor and the memory, as far as the process may use them. */
import { readFile } from 'node:fs/promises';
import {
  availableParallelism,
  cpus,
  hostname,
  release as kernelRelease,
  loadavg,
  type as systemType,
  totalmem,
  uptime,
} from 'node:os';
import { hasCode } from './root-folders.js';

export async function readSystem() {
  return {
    platform: process.platform,
    name: (await distributionName()) ?? systemType(),
    kernel: kernelRelease(),
    architecture: process.arch,
    hostname: hostname(),
    uptimeSeconds: Math.round(uptime()),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    nodeVersion: process.versions.node,
  };
}

export function readProcessor() {
  const processors = cpus();
  return {
    model: processors[0]?.model.trim() || null,
    count: processors.length,
    usable: availableParallelism(),
    loadAverage: loadavg(),
  };
}

export function readMemory() {
  const totalBytes = totalmem();
  const limitBytes = process.constrainedMemory();
  return {
    totalBytes,
    availableBytes: process.availableMemory(),
    limitBytes: limitBytes > 0 && limitBytes < totalBytes ? limitBytes : null,
  };
}

/** `PRETTY_NAME` of os-release(5); `undefined` if there is no such file. */
async function distributionName(): Promise<string | undefined> {
  try {
    const release = await readFile('/etc/os-release', 'utf8');
    return /^PRETTY_NAME=["']?(.*?)["']?$/m.exec(release)?.[1];
  } catch (error) {
    if (hasCode(error)) return undefined;
    throw error;
  }
}
