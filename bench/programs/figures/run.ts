/**
 * `npm run bench:processes`: sessions whose servers speak stdio, side by side with two proxies and with the servers run
 * directly. Each row says with how much of it runs at the same time. Linux only: memory and processes are read from /proc.
 */
import type { Row } from '../../figure.js';
import { runRows } from '../../rows-command.js';
import { install } from '../sides.js';
import { echo } from './echo.js';
import { firstCall } from './first-call.js';
import { flood } from './flood.js';
import { idleSessions } from './idle.js';
import { initialize } from './initialize.js';
import { leftBehind } from './left-behind.js';
import { serverMemory } from './server-memory.js';

const ROWS: readonly Row[] = [initialize, firstCall, echo, serverMemory, leftBehind, flood, idleSessions];

await install((message) => process.stderr.write(`${message}\n`));
await runRows(ROWS, {
  command: 'dist/bench/programs/figures/run.js',
  kind: 'processes',
  heading: 'Sessions of stdio servers',
});
