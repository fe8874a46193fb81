/** `bulkhead load`: loads a server as real clients do, and reports the results. */
import { writeFile } from 'node:fs/promises';
import { LoadFailure } from '../../load/client/failure-kind.js';
import { newLoadClient } from '../../load/client/new-load-client.js';
import { paramHeaders } from '../../load/client/param-headers.js';
import { newRunId, SessionTokens } from '../../load/client/session-token.js';
import { type GivenLoadFlags, type LoadOptions, resolveLoadOptions } from '../../load/load-options.js';
import type { LoadPlan } from '../../load/load-plan.js';
import type { LoadReport, SecondReport } from '../../load/load-report.js';
import { type LoadPhase, runLoad } from '../../load/load-run.js';
import { type ListedTool, safeMix } from '../../load/mix.js';
import { judge } from '../../load/report/expectations.js';
import { htmlReport } from '../../load/report/html-report.js';
import { summarize } from '../../load/report/text-summary.js';
import { ServerObserver } from '../../load/server/observer.js';
import { ServerUnreadable } from '../../load/server/server-unreadable.js';
import { optionError } from '../config/option-error.js';
import { messageOf } from '../shared/errors.js';
import { didYouMean } from '../shared/nearest.js';
import { CommandFailure, EXIT_FAILED, EXIT_OK } from './failure.js';
import { watchStopSignals } from './signals.js';

export interface LoadRequest {
  readonly url: string;
  /** As they were written. */
  readonly flags: GivenLoadFlags;
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
  const { version } = request;
  const options = resolveLoadOptions(request.url, request.flags, request.cwd);
  const stop = watchStopSignals();
  const observer = new ServerObserver({
    metricsUrl: options.metricsUrl?.href,
    pid: options.pid,
    token: metricsToken(options),
  });
  const progress = new ProgressLine(options.plan);
  try {
    const plan: LoadPlan = { ...options.plan, mix: await chooseMix(options, version) };
    await observer.begin().catch(asFailure);
    const findings = await runLoad({
      plan,
      version,
      observer,
      signal: stop.signal,
      onSecond: (second, phase) => progress.show(second, phase),
    });
    progress.clear();
    const expectations = judge(findings, options.expectations);
    const passed = expectations.every(({ met }) => met);
    const report: LoadReport = { ...findings, expectations, passed };
    process.stdout.write(`${summarize(report)}\n`);
    await write(options.jsonFile, () => `${JSON.stringify(report, undefined, 2)}\n`);
    await write(options.htmlFile, () => htmlReport(report));
    if (stop.signal.aborted) return stop.exitCode();
    return passed ? EXIT_OK : EXIT_FAILED;
  } finally {
    progress.clear();
    observer.close();
    stop.release();
  }
}

/** The token is only for the server's own host, and not for another one that metrics may come from. */
function metricsToken({ plan, metricsUrl }: LoadOptions): string | undefined {
  return metricsUrl?.hostname === new URL(plan.url).hostname ? plan.token : undefined;
}

/** Opens one session to check that the server is there, and that it has the tools of the mix, or one that is safe. */
async function chooseMix(options: LoadOptions, version: string): Promise<LoadPlan['mix']> {
  const { plan } = options;
  const tools = await listTools(plan, version);
  const mix = mixOf(options, tools);
  if (plan.era === 'session') return mix;
  return mix.map((entry) => {
    const { inputSchema } = tools.find(({ name }) => name === entry.tool) ?? {};
    try {
      return { ...entry, paramHeaders: paramHeaders(inputSchema) };
    } catch (error) {
      if (!(error instanceof LoadFailure)) throw error;
      throw new CommandFailure(`Clients must not call ${entry.tool}: ${error.message}.`, { cause: error });
    }
  });
}

function mixOf({ mix }: LoadOptions, tools: readonly ListedTool[]): LoadPlan['mix'] {
  if (mix === undefined) {
    const chosen = safeMix(tools);
    if (chosen !== undefined) return chosen;
    throw new CommandFailure(
      tools.length === 0
        ? 'The server has no tools: there is nothing to call.'
        : 'The server has no tool that says it is read-only (readOnlyHint) and can be called without arguments: name the calls with --mix.',
    );
  }
  const names = tools.map(({ name }) => name);
  const unknown = mix.find(({ tool }) => !names.includes(tool));
  if (unknown === undefined) return mix;
  const { tool } = unknown;
  const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  throw optionError(`The server has no tool ${JSON.stringify(tool)}${didYouMean(tool, names)}: ${known}.`);
}

async function listTools(plan: LoadOptions['plan'], version: string): Promise<readonly ListedTool[]> {
  const url = new URL(plan.url);
  const settings = { plan, url, tokens: new SessionTokens(newRunId()), version };
  const ignored = (): void => undefined;
  // What fails here is also thrown by `tools`.
  const observer = { onAnswered: ignored, onFailure: ignored, onStreamClosed: ignored, onForgotten: ignored };
  const session = newLoadClient(settings, 0, observer);
  try {
    await session.open(false);
    return await session.tools();
  } catch (error) {
    if (!(error instanceof LoadFailure)) throw error;
    const hint = url.pathname === '/' ? ' (MCP servers are mostly found at /mcp)' : '';
    throw new CommandFailure(`Can't load ${url.href}: ${error.message.replace(/\.$/, '')}${hint}.`, {
      cause: error,
    });
  } finally {
    await session.end();
  }
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
