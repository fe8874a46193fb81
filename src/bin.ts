#!/usr/bin/env node
/**
 * The executable `bulkhead`. It is built as CommonJS, because the loader of ES modules starts libuv's thread pool, and
 * the size of the pool is read only once, when it starts.
 */
import { readdirSync, stat } from 'node:fs';
import { libuvPoolSize } from './cli/libuv-pool-size.js';

const SIZE = 'UV_THREADPOOL_SIZE';

// The other commands run no tools.
const RUN_TOOLS = ['serve', 'stdio', 'list', 'call', 'read', 'prompt'];
const isOurs = RUN_TOOLS.includes(process.argv[2] ?? '') && process.env[SIZE] === undefined;
const started = isOurs ? startLibuvPool() : [];
void import('./cli/cli.js').then(({ main }) => main(started));

/** @returns the system's ids of its threads, if they are known */
function startLibuvPool(): readonly number[] {
  const size = libuvPoolSize();
  if (size === undefined) return [];
  const before = new Set(threads());
  process.env[SIZE] = String(size);
  stat('/', () => {});
  // Child processes have pools of their own, of the size that their user wants.
  delete process.env[SIZE];
  return threads().filter((thread) => !before.has(thread));
}

function threads(): number[] {
  return process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [];
}
