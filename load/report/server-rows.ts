/** What a run observed of the server from outside, in words. */
import { printable } from '../../src/telemetry/log/log-text.js';
import type { CrossCheck, ServerFigure, ServerProcessReport, Trend } from '../load-report.js';
import { formatBytes, formatCount, formatLatency, formatNumber } from './figure-format.js';

/** A figure that the client and the server both count. */
export function checkPhrase({ what, client, server, agrees }: CrossCheck): string {
  const verdict = agrees ? 'agrees' : 'DOES NOT AGREE';
  return `${printable(what)}: client ${formatCount(client)}, server ${formatCount(server)}: ${verdict}`;
}

/** One of the server's own figures. If its name says bytes, it is written as such. */
export function serverFigureCells({ name, before, after }: ServerFigure): [string, string, string] {
  const [family = ''] = name.split('{', 1);
  const write = /_bytes(?:_total)?$/.test(family) ? formatBytes : formatNumber;
  return [printable(name), write(before), write(after)];
}

/** Memory and processor time of the server's process tree, each figure with its name. */
export function processFigures(process: ServerProcessReport): (readonly [string, string])[] {
  const { samples, bytesPerSession, cpuMsPerSession, cpuMsPerCall } = process;
  const peak = (read: (sample: (typeof samples)[number]) => number): number | null =>
    samples.length === 0 ? null : samples.reduce((most, sample) => Math.max(most, read(sample)), 0);
  return [
    ['memory per session', formatBytes(bytesPerSession)],
    ['processor per session opened', formatLatency(cpuMsPerSession)],
    ['processor per call', formatLatency(cpuMsPerCall)],
    ['processor in all', formatLatency(samples.at(-1)?.cpuMs ?? null)],
    ['most memory', formatBytes(peak(({ residentBytes }) => residentBytes))],
    ['most threads', formatNumber(peak(({ threads }) => threads))],
    ['most descriptors', formatNumber(peak(({ descriptors }) => descriptors))],
  ];
}

/** How memory, threads and descriptors changed during the hold. */
export function trendFigures({ trends }: ServerProcessReport): (readonly [string, string])[] {
  return [
    ['memory', trendPhrase(trends.residentBytes, formatBytes)],
    ['threads', trendPhrase(trends.threads, formatNumber)],
    ['descriptors', trendPhrase(trends.descriptors, formatNumber)],
  ];
}

function trendPhrase(trend: Trend | null, write: (value: number) => string): string {
  if (trend === null) return 'too few samples';
  const { perMinute, plusMinus } = trend;
  if (perMinute === 0 && plusMinus === 0) return '0 a minute: did not move';
  const slope = `${perMinute > 0 ? '+' : ''}${write(perMinute)} ± ${write(plusMinus)} a minute`;
  if (Math.abs(perMinute) <= plusMinus) return `${slope}: does not differ from zero`;
  return `${slope}: ${perMinute > 0 ? 'grew' : 'shrank'}`;
}
