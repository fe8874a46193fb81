/** Runs `bulkhead load` against a peer, as anyone can. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadReport } from '../../load/load-report.js';
import { adopt } from '../servers/child.js';
import { withTemporaryFolder } from './temporary-folder.js';

const COMMAND = fileURLToPath(new URL('../../src/bin.cjs', import.meta.url));
const MIX = [{ tool: 'echo', arguments: { text: '{{session}} {{n}} ................' }, weight: 1 }];

export interface LoadFlags {
  readonly sessions: number;
  readonly duration: string;
  readonly rate?: number;
  readonly concurrency?: number;
  readonly ramp?: string;
  /** Calls before it, which are not counted. */
  readonly 'warm-up'?: string;
}

/** One run: its report, or what it wrote on stderr in place of one. */
function run(url: URL, flags: LoadFlags, deadlineMs: number): Promise<LoadReport | string> {
  return withTemporaryFolder(async (folder) => {
    const mix = join(folder, 'mix.json');
    const out = join(folder, 'report.json');
    await writeFile(mix, JSON.stringify(MIX));
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = adopt(
      spawn(process.execPath, [COMMAND, 'load', url.href, ...args, '--mix', mix, '--out', out], {
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    );
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk.toString()}`.slice(-2000);
    });
    const deadline = setTimeout(() => {
      complaint = `bulkhead: the load had not ended after ${deadlineMs / 1000} s\n`;
      child.kill('SIGKILL');
    }, deadlineMs);
    await once(child, 'exit');
    clearTimeout(deadline);
    return existsSync(out) ? (JSON.parse(readFileSync(out, 'utf8')) as LoadReport) : complaint;
  });
}

/**
 * Returns the report. The exit code is ignored, because missed thresholds do not matter here.
 * @throws when it wrote none, or has not ended after `deadlineMs`.
 */
export async function load(url: URL, flags: LoadFlags, deadlineMs: number): Promise<LoadReport> {
  const report = await run(url, flags, deadlineMs);
  if (typeof report !== 'string') return report;
  throw new Error(/^bulkhead: (.*)$/m.exec(report)?.[1] ?? `bulkhead load gave no report: ${report}`);
}

/** What else happened in a run than good answers, for the note of a reading; `undefined` when nothing did. */
export function troubles({ errors, contaminated, client }: LoadReport): string | undefined {
  const counts = Object.entries(errors).filter(([, count]) => count > 0);
  const words = counts.map(([kind, count]) => `${count} × ${kind}`);
  if (contaminated > 0) words.push(`${contaminated} contaminated`);
  if (client.limitedBy !== null) words.push('the client was the limit');
  return words.length === 0 ? undefined : words.join(', ');
}
