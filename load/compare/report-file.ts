/** Reads a report that `bulkhead load --out` wrote, as far as a comparison needs it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { optionError } from '../../src/config/option-error.js';
import { messageOf } from '../../src/shared/errors.js';
import { isFields } from '../../src/shared/fields.js';
import { parseJson } from '../../src/shared/json-text.js';
import { REPORT_FORMAT } from '../load-report.js';

const FIGURE = z.number().nullable();
const LATENCY = z.object({
  count: z.number(),
  meanMs: FIGURE,
  p50Ms: FIGURE,
  p90Ms: FIGURE,
  p99Ms: FIGURE,
  p999Ms: FIGURE,
  maxMs: FIGURE,
});
const TREND = z.object({ perMinute: z.number(), plusMinus: z.number(), flat: z.boolean() }).nullable();
const ARRIVALS = z.discriminatedUnion('loop', [
  z.object({ loop: z.literal('open'), callsPerSecond: z.number() }),
  z.object({ loop: z.literal('closed'), concurrency: z.number() }),
]);
const PLAN = z.object({
  url: z.string(),
  era: z.enum(['session', 'stateless']),
  transport: z.string(),
  protocolVersion: z.string(),
  sessions: z.number(),
  idleSessions: z.number(),
  listen: z.boolean(),
  arrivals: ARRIVALS,
  rampMs: z.number(),
  warmUpMs: z.number(),
  durationMs: z.number(),
  churnPerSecond: z.number(),
  dropPerSecond: z.number(),
  timeoutMs: z.number(),
  readBytesPerSecond: z.number().optional(),
  mix: z.array(
    z.object({ tool: z.string(), arguments: z.record(z.string(), z.unknown()), weight: z.number() }),
  ),
  workers: z.number(),
});
const REPORT = z.object({
  format: z.literal(REPORT_FORMAT),
  version: z.string(),
  startedAt: z.string(),
  commandLine: z.string(),
  machine: z.object({
    cores: z.number(),
    processor: z.string().nullable(),
    memoryBytes: z.number(),
    node: z.string(),
    system: z.string(),
  }),
  server: z.object({ name: z.string().nullable(), version: z.string().nullable() }),
  plan: PLAN,
  interrupted: z.boolean(),
  answered: z.number(),
  perSecond: z.number(),
  latency: LATENCY,
  sessionCreation: LATENCY,
  firstCall: LATENCY,
  operations: z.array(
    z.object({ method: z.string(), tool: z.string().nullable(), answered: z.number(), latency: LATENCY }),
  ),
  errors: z.record(z.string(), z.number()),
  contaminated: z.number(),
  lost: z.number(),
  longestGapMs: z.number(),
  sessions: z.object({
    created: z.number(),
    failed: z.number(),
    ended: z.number(),
    dropped: z.number(),
    forgotten: z.number(),
    reopened: z.number(),
    streamsClosed: z.number(),
  }),
  client: z.object({ checked: z.boolean(), limitedBy: z.string().nullable() }),
  metrics: z
    .object({
      checks: z.array(
        z.object({ what: z.string(), client: z.number(), server: z.number(), agrees: z.boolean() }),
      ),
    })
    .nullable(),
  process: z
    .object({
      bytesPerSession: FIGURE,
      cpuMsPerSession: FIGURE,
      cpuMsPerCall: FIGURE,
      trends: z.object({ residentBytes: TREND, threads: TREND, descriptors: TREND }),
    })
    .nullable(),
  passed: z.boolean(),
});

/** The part of a report that is compared. */
export type ComparableReport = z.output<typeof REPORT>;

/**
 * @param written the path, absolute or from the folder
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` with one sentence, if there is no report of this format
 */
export function readReport(written: string, folder: string): ComparableReport {
  let content: unknown;
  let text: string;
  try {
    text = readFileSync(resolve(folder, written), 'utf8');
  } catch (error) {
    throw optionError(`The report ${written} cannot be read: ${messageOf(error)}.`, error);
  }
  try {
    content = parseJson(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const page = /^\s*<!doctype html/i.test(text) ? ' It is an HTML page: compare the files of --out.' : '';
    throw optionError(`The report ${written} is not JSON: ${messageOf(error)}.${page}`, error);
  }
  refuseOtherFormats(content, written);
  const parsed = REPORT.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw optionError(
    `The report ${written} is damaged at ${issue?.path.join('.')} (${issue?.message}): run the load again.`,
    parsed.error,
  );
}

function refuseOtherFormats(content: unknown, written: string): void {
  const { format, plan, latency, version } = isFields(content) ? content : {};
  if (!isFields(plan) || !isFields(latency)) {
    throw optionError(`${written} is not a report of bulkhead load: give files that its --out wrote.`);
  }
  if (format === REPORT_FORMAT) return;
  const by = typeof version === 'string' ? ` (${version})` : '';
  if (typeof format === 'number' && format > REPORT_FORMAT) {
    throw optionError(
      `The report ${written} has the format ${format} of a later bulkhead${by}, and this one reads ${REPORT_FORMAT}: compare with that version.`,
    );
  }
  throw optionError(
    `The report ${written} was written by an earlier bulkhead${by}, whose reports cannot be compared: run the load again with this version.`,
  );
}
