/**
 * The process metrics that dashboards for Node.js expect, with prom-client's names. `collectDefaultMetrics` is not
 * used: it starts an event-loop monitor and a garbage-collection observer that cannot be stopped. It also lists every
 * handle at each scrape, which blocks the main thread when there are 10,000 sockets.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Registers the metrics, which are read at each scrape. Works without `/proc` too, with fewer metrics. */
export function registerProcessMetrics(registry: Registry): void {
  const registers = [registry];
  const counter = (name: string, help: string, total: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(total());
      },
    });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });

  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage();
    return { user: user / 1e6, system: system / 1e6 };
  };
  counter(
    'process_cpu_user_seconds_total',
    'User CPU time of the process, all threads.',
    () => cpuSeconds().user,
  );
  counter(
    'process_cpu_system_seconds_total',
    'System CPU time of the process, all threads.',
    () => cpuSeconds().system,
  );
  counter('process_cpu_seconds_total', 'User and system CPU time of the process, all threads.', () => {
    const { user, system } = cpuSeconds();
    return user + system;
  });

  const startedAtSeconds = Date.now() / 1000 - process.uptime();
  gauge(
    'process_start_time_seconds',
    'When the process started, in seconds since the epoch.',
    () => startedAtSeconds,
  );
  // Without `/proc`, `process.memoryUsage` throws on Linux, even if only the heap is needed.
  gauge(
    'nodejs_heap_size_total_bytes',
    'V8 heap of the main thread.',
    () => getHeapStatistics().total_heap_size,
  );
  gauge(
    'nodejs_heap_size_used_bytes',
    'Used V8 heap of the main thread.',
    () => getHeapStatistics().used_heap_size,
  );
  gauge(
    'nodejs_external_memory_bytes',
    'Memory outside of the V8 heap that objects of the main thread hold.',
    () => getHeapStatistics().external_memory,
  );

  const hasProc = existsSync('/proc/self/fd');
  if (hasProc || process.platform !== 'linux') {
    gauge('process_resident_memory_bytes', 'Resident memory of the process, all threads.', () =>
      process.memoryUsage.rss(),
    );
  }
  if (hasProc) {
    gauge('process_open_fds', 'Open file descriptors.', countOpenFileDescriptors);
    const limit = readFileDescriptorLimit();
    if (limit !== undefined)
      gauge('process_max_fds', 'Maximum number of open file descriptors.', () => limit);
  }
}

/** From Linux 6.2 on, the size of the folder is this number. Listing 10,000 descriptors would take milliseconds. */
function countOpenFileDescriptors(): number {
  const { size } = statSync('/proc/self/fd');
  return size > 0 ? size : readdirSync('/proc/self/fd').length - 1;
}

function readFileDescriptorLimit(): number | undefined {
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit === undefined ? undefined : Number(limit);
}
