/** `bulkhead import`: moves the servers in clients' configuration files to a gateway, or back. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CLIENT_NAMES, SCOPES } from '../client-configs/client.js';
import { CLIENTS } from '../client-configs/clients.js';
import { codexNotices } from '../client-configs/codex.js';
import { ConfigFileProblem, readConfigFile } from '../client-configs/config-file.js';
import { GatewayFile } from '../client-configs/gateway-file.js';
import { type ImportPlan, planImport } from '../client-configs/import-plan.js';
import { readRecord, recordPath } from '../client-configs/import-record.js';
import { performImport, performUndo } from '../client-configs/perform-import.js';
import { notableVariables } from '../client-configs/secrets.js';
import { type Surroundings, surroundingsOf } from '../client-configs/surroundings.js';
import { planUndo } from '../client-configs/undo-plan.js';
import { WriteFilesError } from '../client-configs/write-files.js';
import { optionError } from '../config/option-error.js';
import { messageOf } from '../shared/errors.js';
import { didYouMean } from '../shared/nearest.js';
import { VERSION } from '../version.js';
import { exitAtOnce } from './exit.js';
import { CommandFailure, EXIT_FAILED, EXIT_OK } from './failure.js';
import { checkServers } from './import-check.js';
import { describePlan, describeUndo, describeWritten } from './import-report.js';
import { watchStopSignals } from './signals.js';

/** The flags of `bulkhead import`, as they were written. */
export interface ImportRequest {
  readonly client?: readonly string[];
  readonly scope?: readonly string[];
  readonly config?: string;
  readonly write?: true;
  readonly check?: true;
  readonly undo?: true;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * @returns the exit code: 0, or 1 if a file cannot be read, an entry cannot be restored, or a server cannot be started.
 *   If a signal ended a check, the code of that signal.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for wrong flags
 * @throws {CommandFailure} if nothing can be written
 */
export async function importServers(request: ImportRequest): Promise<number> {
  const { environment, cwd } = request;
  const gatewayPath = resolve(cwd, request.config ?? environment.BULKHEAD_CONFIG ?? 'bulkhead.json');
  const surroundings = surroundingsOf(environment, cwd);
  if (request.undo === true) return undo(gatewayPath, surroundings);

  const names = oneOf('--client', request.client, CLIENT_NAMES);
  const scopes = oneOf('--scope', request.scope, SCOPES);
  const gateway = readGatewayFile(gatewayPath, surroundings);
  const isChosen = (name: (typeof CLIENT_NAMES)[number]): boolean =>
    names.length === 0 || names.includes(name);
  const plan = planImport({
    clients: CLIENTS.filter(({ name }) => isChosen(name)),
    scopes,
    gateway,
    bridge: ownCommand(),
    surroundings,
  });
  for (const problem of plan.problems) process.stderr.write(`bulkhead: ${problem}\n`);
  const warnings = [...plan.warnings, ...(isChosen('codex') ? codexNotices(surroundings) : [])];
  for (const warning of warnings) process.stderr.write(`bulkhead: warning: ${warning}\n`);
  process.stdout.write(describePlan(plan, gateway, notableVariables(environment)));
  if (request.check === true) {
    const failure = await check(plan, gateway, environment);
    if (failure !== undefined) return failure;
  }
  if (plan.moved.length > 0) {
    if (request.write === true) writePlan(plan, gateway);
    else process.stdout.write('\nNothing is written. The same with --write does it.\n');
  }
  return plan.problems.length > 0 ? EXIT_FAILED : EXIT_OK;
}

/** @returns an exit code if the import must not continue */
async function check(
  plan: ImportPlan,
  gateway: GatewayFile,
  environment: ImportRequest['environment'],
): Promise<number | undefined> {
  const stop = watchStopSignals(exitAtOnce);
  try {
    process.stdout.write('\nChecked:\n');
    const print = (line: string): void => void process.stdout.write(`${line}\n`);
    const ok = await checkServers(plan, gateway, {
      environment,
      version: VERSION,
      signal: stop.signal,
      print,
    });
    if (stop.signal.aborted) return stop.exitCode();
    if (ok) return undefined;
    process.stdout.write('\nNothing is written, since not every server starts.\n');
    return EXIT_FAILED;
  } finally {
    stop.release();
  }
}

function writePlan(plan: ImportPlan, gateway: GatewayFile): void {
  try {
    process.stdout.write(describeWritten(performImport(plan, gateway), gateway.path));
  } catch (error) {
    throw asFailure(error);
  }
}

function undo(gatewayPath: string, { userId }: Surroundings): number {
  const path = recordPath(gatewayPath);
  let found: ReturnType<typeof readRecord>;
  try {
    found = readRecord(path);
  } catch (error) {
    throw new CommandFailure(`${path} is no record of an import: ${messageOf(error)}.`, { cause: error });
  }
  if (found === undefined) {
    throw new CommandFailure(
      `There is nothing to undo: ${path} does not exist. --config says which gateway's file it is beside.`,
    );
  }
  const plan = planUndo(found.record.files, userId);
  try {
    performUndo(plan, gatewayPath);
  } catch (error) {
    throw asFailure(error);
  }
  for (const problem of plan.problems) process.stderr.write(`bulkhead: ${problem}\n`);
  process.stdout.write(describeUndo(plan, gatewayPath));
  return plan.problems.length > 0 ? EXIT_FAILED : EXIT_OK;
}

/** @throws {CommandFailure} if nothing could be written to it, which a run without `--write` must say as well */
function readGatewayFile(path: string, { userId }: Surroundings): GatewayFile {
  if (!existsSync(dirname(path))) {
    throw new CommandFailure(
      `The gateway's file cannot be ${path}: there is no folder ${dirname(path)}. Make it, or give another --config.`,
    );
  }
  try {
    const gateway = new GatewayFile(path, readConfigFile(path, userId));
    if (gateway.refusal !== undefined) throw new CommandFailure(gateway.refusal);
    return gateway;
  } catch (error) {
    throw asFailure(error);
  }
}

function asFailure(error: unknown): unknown {
  if (!(error instanceof ConfigFileProblem || error instanceof WriteFilesError)) return error;
  return new CommandFailure(error.message, { cause: error });
}

/** Values of a flag that may be repeated and may contain several values separated by commas. */
function oneOf<T extends string>(flag: string, given: readonly string[] = [], known: readonly T[]): T[] {
  return given
    .flatMap((text) => text.split(','))
    .map((text) => {
      const found = known.find((name) => name === text.trim());
      if (found !== undefined) return found;
      throw optionError(
        `${flag} is ${JSON.stringify(text)}${didYouMean(text, known)}, but must be one of ${known.join(', ')}.`,
      );
    });
}

/** How a client starts this program. What npx runs is in its cache, and may vanish from there. */
function ownCommand(): string[] {
  const script = realpathSync(process.argv[1] ?? '');
  if (/[\\/]_npx[\\/]/.test(script)) return ['npx', '-y', `mcp-bulkhead@${VERSION}`];
  return [process.execPath, script];
}
