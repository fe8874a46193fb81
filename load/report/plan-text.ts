/** A load plan and the course of its run, in words. */
import { formatDuration } from '../../src/config/duration.js';
import { isLoopback } from '../../src/config/option-kinds.js';
import { printable } from '../../src/telemetry/log/log-text.js';
import type { LoadPlan } from '../load-plan.js';
import type { ClientReport, LoadReport } from '../load-report.js';
import { formatBytes, formatCount, formatLatency, formatNumber } from './figure-format.js';

/** What the plan asks for, as phrases; what it does not use is left out. */
export function planPhrases(plan: Omit<LoadPlan, 'headers'>): string[] {
  const { arrivals, idleSessions, churnPerSecond, dropPerSecond, readBytesPerSecond } = plan;
  return [
    plural(plan.sessions, plan.era === 'session' ? 'session' : 'client'),
    ...(idleSessions > 0 ? [`${formatCount(idleSessions)} idle`] : []),
    ...(plan.listen ? ['listening'] : []),
    arrivals.loop === 'open'
      ? `${formatNumber(arrivals.callsPerSecond)} calls/s (open loop)`
      : `${formatCount(arrivals.concurrency)} calls in flight (closed loop)`,
    ...(plan.rampMs > 0 ? [`ramp ${formatDuration(plan.rampMs)}`] : []),
    ...(plan.warmUpMs > 0 ? [`warm-up ${formatDuration(plan.warmUpMs)}`] : []),
    `hold ${formatDuration(plan.durationMs)}`,
    ...(churnPerSecond > 0 ? [`churn ${formatNumber(churnPerSecond)}/s`] : []),
    ...(dropPerSecond > 0 ? [`drop ${formatNumber(dropPerSecond)}/s`] : []),
    ...(readBytesPerSecond === undefined ? [] : [`read at ${formatBytes(readBytesPerSecond)}/s`]),
    `timeout ${formatDuration(plan.timeoutMs)}`,
    `${plan.transport} ${printable(plan.protocolVersion)}`,
    plural(plan.workers, 'worker'),
  ];
}

/** The tools of the mix, each with its share of the calls. */
export function mixPhrases({ mix }: Pick<LoadPlan, 'mix'>): string[] {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0);
  return mix.map(({ tool, weight }) =>
    mix.length > 1 ? `${printable(tool)} ${formatNumber((100 * weight) / total)} %` : printable(tool),
  );
}

/** What happened to the sessions, each count with its name. */
export function sessionCounts({ sessions }: Pick<LoadReport, 'sessions'>): (readonly [string, number])[] {
  return [
    ['created', sessions.created],
    ['failed', sessions.failed],
    ['ended', sessions.ended],
    ['dropped', sessions.dropped],
    ['forgotten', sessions.forgotten],
    ['reopened', sessions.reopened],
    ['streams closed by the server', sessions.streamsClosed],
  ];
}

/** How near the client was to its limits, and whether the figures are the client's rather than the server's. */
export function clientSentence({ workers, coreShare, lateP99Ms, checked, limitedBy }: ClientReport): string {
  const each = workers > 1 ? `${formatCount(workers)} workers, each` : '1 worker,';
  const late = lateP99Ms === null ? '' : `, requests sent ${formatLatency(lateP99Ms)} late (p99)`;
  return `${each} ${formatNumber(100 * coreShare)} % of a core${late}: ${clientVerdict(checked, limitedBy)}.`;
}

function clientVerdict(checked: boolean, limitedBy: string | null): string {
  if (!checked) return 'whether the client was the limit was not checked, because no call was answered';
  return limitedBy === null
    ? 'the client was not the limit'
    : `THE CLIENT WAS THE LIMIT, the server may do better: ${printable(limitedBy)}`;
}

/** The server, the machine of the client and the command, each with its name. */
export function runFacts(report: LoadReport): (readonly [string, string])[] {
  const { server, machine, plan } = report;
  const { cores, processor, memoryBytes, node, system } = machine;
  const ofProcessor = processor === null ? '' : ` of ${printable(processor)}`;
  const where = isOnThisMachine(plan.url) ? "the client's, and the server's too" : "the client's";
  return [
    ['server', `${serverText(server)} at ${printable(plan.url)}`],
    [
      'machine',
      `${plural(cores, 'core')}${ofProcessor}, ${formatBytes(memoryBytes)}, Node ${printable(node)}, ${printable(system)} (${where})`,
    ],
    ['command', printable(report.commandLine)],
  ];
}

/** How a server calls itself. */
export function serverText({ name, version }: LoadReport['server']): string {
  if (name === null) return 'a server that does not say its name';
  return printable(version === null ? name : `${name} ${version}`);
}

/** Requests to such an address do not leave the machine, unless it forwards them. */
function isOnThisMachine(url: string): boolean {
  return URL.canParse(url) && isLoopback(new URL(url).hostname);
}

/** Why the run called the tool that it chose itself; nothing if a mix was given. */
export function mixReasonPhrases({ mixReason }: Pick<LoadReport, 'mixReason'>): string[] {
  return mixReason === null ? [] : [`chosen because ${printable(mixReason)}`];
}

/** What of the answers was compared with the session that they came to. */
export function contaminationText({ plan, contaminated }: Pick<LoadReport, 'plan' | 'contaminated'>): string {
  const inContent = JSON.stringify(plan.mix).includes('{{session}}');
  const unchecked = inContent ? '' : ' (by request ids; contents not checked: no argument has {{session}})';
  return `contaminated ${formatCount(contaminated)}${unchecked}`;
}

/** Why the run failed, or `passed`. */
export function verdict({ passed, expectations, interrupted }: LoadReport): string {
  if (passed) return 'passed';
  const missed = expectations
    .filter(({ met }) => !met)
    .map(({ text, measured }) => `${printable(text)} (${printable(measured)})`);
  if (missed.length > 0) return `failed: ${missed.join(', ')}`;
  return interrupted ? 'failed: the run was stopped before its end' : 'failed: the run could not be made';
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
