/**
 * Sends inputs over many lanes at once and judges each. A finding names its input by seed and index, so that it can be
 * sent again alone: FUZZ_SEED=<seed> FUZZ_ONLY=<index> npm run test:alone -- --grep fuzz
 */
import { inputOf } from './grammar/inputs.js';
import type { Input, Kind, Listener, Surroundings } from './input.js';
import { judge, type Secrets } from './judge.js';
import { type Address, Lane, type Outcome } from './lane.js';

export interface Finding {
  readonly seed: number;
  readonly index: number;
  readonly kind: Kind;
  /** Nothing arrived, or not all of it. The cause may be another input, or the machine. */
  readonly silent: boolean;
  /** One sentence. */
  readonly fault: string;
  readonly input: string;
  readonly answer: string;
}

export interface FuzzReport {
  readonly findings: readonly Finding[];
  readonly inputs: Readonly<Partial<Record<Kind, number>>>;
  readonly statuses: Readonly<Record<string, number>>;
  /** Calls and openings that were answered after `deadlineMs`, because they waited for a thread. */
  readonly late: number;
  /** Inputs that were in progress when the run was stopped: one of them may be the cause. */
  readonly onTheWay: readonly number[];
}

export interface FuzzOptions {
  readonly addresses: Readonly<Record<Listener, Address>>;
  readonly seed: number;
  /** If a run ends early, it has taken no more of them than it has sent. */
  readonly indices: Iterable<number>;
  readonly lanes: number;
  /** Each input must be answered, or its connection closed, by then. */
  readonly deadlineMs: number;
  /** Used instead for inputs that may wait for a thread, which the gateway limits itself. */
  readonly threadDeadlineMs: number;
  readonly secrets: Secrets;
  readonly surroundings: Surroundings;
  /** Asked before each input; if it returns true, no more are sent. */
  readonly stopped?: () => boolean;
  /** Bodies of answers that are event streams. */
  readonly seen?: (body: string) => void;
}

/** More than this many say nothing new. One stall makes the inputs of all lanes silent. */
const MOST_FINDINGS = 20;
const MOST_SILENT = 200;
const SHOWN_CHARACTERS = 2_000;

export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { addresses, seed, secrets, surroundings, stopped = () => false, seen } = options;
  const findings: Finding[] = [];
  const inputs: Partial<Record<Kind, number>> = {};
  const statuses: Record<string, number> = {};
  const onTheWay = new Set<number>();
  let late = 0;
  let left: readonly number[] | undefined;
  const indices = options.indices[Symbol.iterator]();

  const tooMany = (): boolean => {
    const silent = findings.filter((finding) => finding.silent).length;
    return findings.length - silent >= MOST_FINDINGS || silent >= MOST_SILENT;
  };

  const run = async (): Promise<void> => {
    const lane = new Lane(addresses);
    while (!stopped() && !tooMany()) {
      const next = indices.next();
      if (next.done === true) break;
      const index = next.value;
      const input = inputOf(seed, index, surroundings);
      inputs[input.kind] = (inputs[input.kind] ?? 0) + 1;
      onTheWay.add(index);
      const deadlineMs = mayWaitForThread(input) ? options.threadDeadlineMs : options.deadlineMs;
      const sentMs = performance.now();
      const outcome = await lane.send(input, deadlineMs);
      if (performance.now() - sentMs > options.deadlineMs) late += 1;
      // Inputs that fail because the process is gone say nothing about themselves.
      if (stopped()) {
        left ??= [...onTheWay];
        break;
      }
      onTheWay.delete(index);
      const status = outcomeName(outcome);
      statuses[status] = (statuses[status] ?? 0) + 1;
      const answer = outcome.kind === 'malformed' ? undefined : outcome.answer;
      if (answer !== undefined && seen !== undefined) seen(answer.body);
      const fault = faultIn(input, outcome, deadlineMs, secrets);
      if (fault === undefined) continue;
      const shown = answer === undefined ? 'none' : `${answer.status} ${escaped(answer.body)}`;
      const written = escaped(Buffer.concat(input.pieces).toString('latin1'));
      findings.push({
        seed,
        index,
        kind: input.kind,
        silent: outcome.kind === 'silent',
        fault,
        input: written,
        answer: shown,
      });
    }
    lane.close();
  };
  await Promise.all(Array.from({ length: options.lanes }, run));
  return { findings, inputs, statuses, late, onTheWay: left ?? [] };
}

/** Odd ones among them may still be served, so only their answers show. */
function mayWaitForThread({ pieces }: Input): boolean {
  return Buffer.concat(pieces).subarray(0, 4).toString('latin1') === 'POST';
}

function outcomeName(outcome: Outcome): string {
  return outcome.kind === 'answered' ? String(outcome.answer.status) : outcome.kind;
}

function faultIn(input: Input, outcome: Outcome, deadlineMs: number, secrets: Secrets): string | undefined {
  if (input.ending === 'destroy') return undefined;
  switch (outcome.kind) {
    case 'malformed':
      return `the answer is no HTTP: ${outcome.problem}`;
    case 'silent':
      return outcome.answer === undefined
        ? `neither answered nor closed within ${deadlineMs} ms`
        : `begun, but neither ended nor closed within ${deadlineMs} ms`;
    case 'closed':
      if (outcome.answer !== undefined) return judge(input, outcome.answer, secrets);
      return input.ending === 'answer' ? 'closed without an answer' : undefined;
    case 'answered':
      return judge(input, outcome.answer, secrets);
    default:
      return outcome satisfies never;
  }
}

function escaped(text: string): string {
  const shown = JSON.stringify(text.slice(0, SHOWN_CHARACTERS));
  return text.length > SHOWN_CHARACTERS ? `${shown}… (${text.length} characters)` : shown;
}

/** The report of a finding, with the command that runs it alone. */
export function describeFinding({ seed, index, kind, fault, input, answer }: Finding): string {
  return [
    `${kind}: ${fault}`,
    `  again   FUZZ_SEED=${seed} FUZZ_ONLY=${index} npm run test:alone -- --grep fuzzed`,
    `  input   ${input}`,
    `  answer  ${answer}`,
  ].join('\n');
}
