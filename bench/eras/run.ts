/**
 * `npm run bench:eras`: requests of revision 2026-07-28, side by side with SDK 2 in one thread, without sessions and with
 * them, and with sessions of the same gateway. This process is the client; each server is a process of its own that runs
 * alone while it is measured.
 */
import type { Row } from '../figure.js';
import { runRows } from '../rows-command.js';
import { affinities } from './affinities.js';
import { echo } from './echo.js';
import { goneCaller } from './gone-caller.js';
import { latency } from './latency.js';
import { neighbour } from './neighbour.js';

const ROWS: readonly Row[] = [echo, latency, neighbour, affinities, goneCaller];

await runRows(ROWS, { command: 'dist/bench/eras/run.js', kind: 'eras', heading: 'Stateless era' });
