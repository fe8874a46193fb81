/** Why two runs cannot be compared, or only with care. */
import { formatDuration } from '../../src/config/duration.js';
import { canonicalJson } from '../../src/shared/canonical-json.js';
import { formatBytes, formatNumber } from '../report/figure-format.js';
import { serverText } from '../report/plan-text.js';
import type { ComparableReport } from './report-file.js';

/** Something that differs between two runs, or that is wrong with one of them. */
export interface Difference {
  readonly about: string;
  /** A sentence without its full stop. */
  readonly text: string;
  /** Whether the runs did different things, so that no figure of one says anything about the other. */
  readonly blocks: boolean;
}

/** One thing that should be alike in both, as text. */
interface Trait {
  readonly about: string;
  readonly blocks: boolean;
  read(report: ComparableReport): string;
}

const TRAITS: readonly Trait[] = [
  { about: 'tools', blocks: true, read: ({ plan }) => toolsText(plan) },
  { about: 'era', blocks: true, read: ({ plan }) => plan.era },
  { about: 'transport', blocks: true, read: ({ plan }) => plan.transport },
  { about: 'rate', blocks: true, read: ({ plan }) => arrivalsText(plan.arrivals) },
  { about: 'sessions', blocks: true, read: ({ plan }) => sessionsText(plan) },
  { about: 'read rate', blocks: true, read: ({ plan }) => readRateText(plan) },
  { about: 'protocol version', blocks: false, read: ({ plan }) => plan.protocolVersion },
  { about: 'duration', blocks: false, read: ({ plan }) => formatDuration(plan.durationMs) },
  { about: 'ramp', blocks: false, read: ({ plan }) => formatDuration(plan.rampMs) },
  { about: 'warm-up', blocks: false, read: ({ plan }) => formatDuration(plan.warmUpMs) },
  { about: 'workers', blocks: false, read: ({ plan }) => String(plan.workers) },
  { about: 'machine', blocks: false, read: ({ machine }) => machineText(machine) },
  { about: 'Node of the client', blocks: false, read: ({ machine }) => machine.node },
  { about: 'version of bulkhead load', blocks: false, read: ({ version }) => version },
  { about: 'server', blocks: false, read: ({ server }) => serverText(server) },
];

/** Both names, with what each has, and then what is wrong with each. */
export function differencesOf(a: ComparableReport, b: ComparableReport): readonly Difference[] {
  const differing = TRAITS.flatMap(({ about, blocks, read }): Difference[] => {
    const [one, other] = [read(a), read(b)];
    if (one === other) return [];
    return [{ about, blocks, text: `${about}: a has ${one}, b has ${other}` }];
  });
  // Two mixes may name the same tools.
  const argumentsDiffer =
    !differing.some(({ about }) => about === 'tools') && mixText(a.plan) !== mixText(b.plan);
  return [
    ...differing,
    ...(argumentsDiffer
      ? [{ about: 'arguments', blocks: true, text: 'arguments: the tools were called with different ones' }]
      : []),
    ...troublesOf('a', a),
    ...troublesOf('b', b),
  ];
}

function troublesOf(name: string, { answered, client, interrupted, passed }: ComparableReport): Difference[] {
  const about = 'run';
  const trouble = (text: string, blocks = false): Difference => ({ about, blocks, text: `${name} ${text}` });
  return [
    ...(answered === 0 ? [trouble('has no answered call', true)] : []),
    ...(interrupted ? [trouble('was interrupted')] : []),
    ...(client.limitedBy === null
      ? []
      : [trouble('was limited by its client, so that its figures are the client’s')]),
    ...(passed ? [] : [trouble('missed its own thresholds')]),
  ];
}

type Plan = ComparableReport['plan'];

function toolsText({ mix }: Plan): string {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0);
  return mix
    .map(({ tool, weight }) =>
      mix.length === 1 ? tool : `${tool} ${formatNumber((100 * weight) / total)} %`,
    )
    .toSorted()
    .join(', ');
}

function mixText({ mix }: Plan): string {
  return mix
    .map(({ tool, arguments: given }) => canonicalJson({ tool, given }))
    .toSorted()
    .join();
}

function arrivalsText(arrivals: Plan['arrivals']): string {
  return arrivals.loop === 'open'
    ? `${formatNumber(arrivals.callsPerSecond)} calls/s`
    : `${arrivals.concurrency} calls in flight`;
}

function sessionsText({ sessions, idleSessions, listen, churnPerSecond, dropPerSecond }: Plan): string {
  return [
    String(sessions),
    ...(idleSessions > 0 ? [`${idleSessions} idle`] : []),
    ...(listen ? ['listening'] : []),
    ...(churnPerSecond > 0 ? [`churn ${churnPerSecond}/s`] : []),
    ...(dropPerSecond > 0 ? [`drop ${dropPerSecond}/s`] : []),
  ].join(', ');
}

function readRateText({ readBytesPerSecond }: Plan): string {
  return readBytesPerSecond === undefined ? 'no limit' : `${formatBytes(readBytesPerSecond)}/s`;
}

function machineText({ cores, processor, memoryBytes, system }: ComparableReport['machine']): string {
  return `${cores} cores of ${processor ?? 'unknown kind'}, ${formatBytes(memoryBytes)}, ${system}`;
}
