/**
 * Judges a history. No clock, no I/O: the same history gets the same verdict.
 *
 * - wrong: an answer that does not belong to its request, or a message that belongs to nothing that was asked
 * - lost: no answer, no error and no closed connection; or an answer whose side effect never happened
 * - twice: two responses for one id, a numbered notification that came again, or a side effect that happened again,
 *   although no client here sends a request twice
 * - gap: numbered notifications with a hole, or fewer than the answer says, and nothing told the client that some are
 *   gone
 */
import type { Executions, Operation, SessionHistory } from './history.js';

type Fault = 'wrong' | 'lost' | 'twice' | 'gap';

export interface Verdict {
  readonly fault: Fault;
  readonly session: string;
  /** A sentence for whoever has to find the cause. */
  readonly why: string;
}

export function judgeSession(history: SessionHistory): Verdict[] {
  const strays = history.strays.map((why): Verdict => ({ fault: 'wrong', session: history.session, why }));
  const judged = history.operations.flatMap((operation) =>
    [...judgeResponses(operation), ...judgeNumbers(operation, history)].map(
      ([fault, why]): Verdict => ({ fault, session: history.session, why: `${nameOf(operation)} ${why}` }),
    ),
  );
  return [...strays, ...judged];
}

/** `tool`: the tool whose side effect was recorded. */
export function judgeExecutions(
  histories: readonly SessionHistory[],
  executions: Executions,
  tool: string,
): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const { session, operations } of histories) {
    for (const operation of operations) {
      if (operation.tool !== tool) continue;
      const times = executions.get(operation.token) ?? 0;
      const answered = operation.outcome.kind === 'answer';
      if (times > 1) {
        verdicts.push({ fault: 'twice', session, why: `${nameOf(operation)} was executed ${times} times` });
      } else if (times === 0 && answered) {
        verdicts.push({
          fault: 'lost',
          session,
          why: `${nameOf(operation)} was answered and never executed`,
        });
      }
    }
  }
  return verdicts;
}

type Finding = readonly [fault: Fault, why: string];

function judgeResponses({ outcome, responses, token }: Operation): Finding[] {
  const findings: Finding[] = [];
  if (outcome.kind === 'none') findings.push(['lost', `got nothing: ${outcome.why}`]);
  if (outcome.kind === 'answer' && responses.length === 0)
    findings.push(['lost', 'ended without a response']);
  if (responses.length > 1) {
    findings.push(['twice', `got ${responses.length} responses: ${JSON.stringify(responses)}`]);
  }
  for (const response of responses) {
    if ('token' in response && response.token !== token) {
      findings.push(['wrong', `was answered ${JSON.stringify(response.token)}`]);
    }
  }
  return findings;
}

/** A request without an answer may have any first part of its notifications, but no later part. */
function judgeNumbers(
  { outcome, numbers, steps, stepsOn, startMs }: Operation,
  { streamLost, gapMs }: SessionHistory,
): Finding[] {
  const findings: Finding[] = [];
  const told = stepsOn === 'get' && (streamLost || (gapMs !== undefined && startMs <= gapMs));
  let last = 0;
  for (const number of numbers) {
    if (number > steps) findings.push(['wrong', `has a notification ${number} of ${steps}`]);
    else if (number <= last) findings.push(['twice', `got notification ${number} after ${last}`]);
    else if (number > last + 1 && !told) findings.push(['gap', `got notification ${number} after ${last}`]);
    last = Math.max(last, number);
  }
  if (outcome.kind === 'answer' && last < steps && !told) {
    findings.push(['gap', `got ${last} of ${steps} notifications`]);
  }
  return findings;
}

function nameOf({ tool, id, token }: Operation): string {
  return `${tool} with id ${id} and token ${token}`;
}
