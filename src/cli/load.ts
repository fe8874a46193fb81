/** `bulkhead load`: loads a server as real clients do, and reports the results. */
import { writeFile } from 'node:fs/promises';
import { commandLine } from '../../load/command-line.js';
import { type GivenLoadFlags, type LoadOptions, resolveLoadOptions } from '../../load/load-options.js';
import type { LoadPlan } from '../../load/load-plan.js';
import type { LoadReport, SecondReport } from '../../load/load-report.js';
import { type LoadPhase, runLoad } from '../../load/load-run.js';
import { judge } from '../../load/report/expectations.js';
import { htmlReport } from '../../load/report/html-report.js';
import { summarize } from '../../load/report/text-summary.js';
import { ServerObserver } from '../../load/server/observer.js';
import { ServerUnreadable } from '../../load/server/server-unreadable.js';
import { messageOf } from '../shared/errors.js';
import { CommandFailure, EXIT_FAILED, EXIT_OK } from './failure.js';
import { type CheckedServer, checkServer } from './load/server-check.js';
import { print, safeLine } from './output/safe-text.js';
import { requestHeaders } from './request-headers.js';
import { watchStopSignals } from './signals.js';

export interface LoadRequest {
  readonly url: string;
  /** As they were written. */
  readonly flags: GivenLoadFlags;
  /** `BULKHEAD_TOKEN` may have the token. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The harness's version. */
  readonly version: string;
}

/**
 * @returns the exit code: 0, or 1 if a threshold is missed. If a signal ended the run, the code of that signal.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for wrong flags
 * @throws {CommandFailure} if the server cannot be reached or observed, or a report cannot be written
 */
export async function load(request: LoadRequest): Promise<number> {
  const { version, url, flags } = request;
  const options = resolveLoadOptions(url, flags, headersOf(request), request.cwd);
  const stop = watchStopSignals();
  const observer = new ServerObserver({
    metricsUrl: options.metricsUrl?.href,
    pid: options.pid,
    authorization: metricsAuthorization(options),
  });
  const progress = new ProgressLine(options.plan);
  try {
    const { mix, mixReason, server } = await checkServer(options, version, stop.signal);
    const plan: LoadPlan = { ...options.plan, mix };
    await observer.begin().catch(asFailure);
    announce({ mix, mixReason });
    const findings = await runLoad({
      plan,
      facts: { version, commandLine: commandLine(url, flags), server, mixReason },
      observer,
      signal: stop.signal,
      onSecond: (second, phase) => progress.show(second, phase),
    });
    progress.clear();
    const expectations = judge(findings, options.expectations);
    const passed = expectations.every(({ met }) => met);
    const report: LoadReport = { ...findings, expectations, passed };
    print(`${summarize(report)}\n`);
    await write(options.jsonFile, () => `${JSON.stringify(report, undefined, 2)}\n`);
    await write(options.htmlFile, () => htmlReport(report));
    if (stop.signal.aborted) return stop.exitCode();
    return passed ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    if (stop.signal.aborted && error instanceof CommandFailure) return stop.exitCode();
    throw error;
  } finally {
    progress.clear();
    observer.close();
    stop.release();
  }
}

function headersOf({ flags, environment, cwd }: LoadRequest): LoadPlan['headers'] {
  const one = (name: 'token' | 'token-file'): string | undefined => {
    return flags[name] === undefined ? undefined : String(flags[name]);
  };
  return requestHeaders({
    headers: [flags.header ?? []].flat().map(String),
    token: one('token'),
    tokenFile: one('token-file'),
    environment,
    cwd,
  });
}

/** The token is only for the server's own host, and not for another one that metrics may come from. */
function metricsAuthorization({ plan, metricsUrl }: LoadOptions): string | undefined {
  return metricsUrl?.hostname === new URL(plan.url).hostname ? plan.headers.authorization : undefined;
}

/** Says which tool is called if nobody named one. */
function announce({ mix, mixReason }: Pick<CheckedServer, 'mix' | 'mixReason'>): void {
  if (mixReason === null) return;
  const tools = mix.map(({ tool }) => tool).join(', ');
  process.stderr.write(`bulkhead: ${safeLine(`no --mix: calling ${tools}, because ${mixReason}.`)}\n`);
}

function asFailure(error: unknown): never {
  if (error instanceof ServerUnreadable) throw new CommandFailure(error.message, { cause: error });
  throw error;
}

async function write(file: string | undefined, content: () => string): Promise<void> {
  if (file === undefined) return;
  try {
    await writeFile(file, content());
  } catch (error) {
    throw new CommandFailure(`The report ${file} cannot be written: ${messageOf(error)}.`, { cause: error });
  }
}

/** The line on a terminal that shows the progress of the run. */
class ProgressLine {
  readonly #totalSeconds: number;
  readonly #shows = process.stderr.isTTY;
  #shown = false;

  constructor({ rampMs, warmUpMs, durationMs }: LoadOptions['plan']) {
    this.#totalSeconds = Math.ceil((rampMs + warmUpMs + durationMs) / 1_000);
  }

  show({ second, answered, errors, p99Ms, sessions }: SecondReport, phase: LoadPhase): void {
    if (!this.#shows) return;
    const p99 = p99Ms === null ? '' : `, p99 ${p99Ms.toFixed(1)} ms`;
    const text = `${second + 1} of ${this.#totalSeconds} s, ${phase}: ${sessions} sessions, ${answered} calls/s${p99}, ${errors} errors`;
    process.stderr.write(`\r\u001b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
    this.#shown = false;
  }
}
