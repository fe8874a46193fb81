/** What a load amounts to: calls a second, and what they cost both processes. */
import { cpuUs } from '../servers/process-usage.js';

export interface Throughput {
  readonly callsPerSecond: number;
  readonly serverCpuUs: number;
  readonly clientCpuUs: number;
}

function ownCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * @param pid of the server
 * @param load returns how many calls it has made
 */
export async function throughputOf(pid: number, load: () => Promise<number>): Promise<Throughput> {
  const server = cpuUs(pid);
  const client = ownCpuUs();
  const startMs = performance.now();
  const calls = await load();
  const elapsedMs = performance.now() - startMs;
  return {
    callsPerSecond: (calls * 1000) / elapsedMs,
    serverCpuUs: (cpuUs(pid) - server) / calls,
    clientCpuUs: (ownCpuUs() - client) / calls,
  };
}
