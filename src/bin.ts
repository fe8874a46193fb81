#!/usr/bin/env node
/**
 * The executable `bulkhead`, built as CommonJS: the loader of ES modules starts libuv's pool of threads, and how many it has
 * is asked once, at its start.
 */
import { readdirSync, stat } from 'node:fs';
import { libuvPoolSize } from './cli/libuv-pool-size.js';

const SIZE = 'UV_THREADPOOL_SIZE';

// The other commands run nobody's tools.
const isOurs = process.argv[2] === 'serve' && process.env[SIZE] === undefined;
const started = isOurs ? startLibuvPool() : [];
void import('./cli/cli.js').then(({ main }) => main(started));

/** @returns the system's ids of its threads, where they can be told. */
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
