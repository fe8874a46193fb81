/**
 * A server that is run here for one session, in a gateway without listeners: a module has its thread, a command its
 * process, exactly as they are served.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { parseJsonc } from '../../config/jsonc.js';
import { optionError } from '../../config/option-error.js';
import type { OptionSources } from '../../config/option-sources.js';
import { type ResolvedOptions, resolveOptions } from '../../config/options.js';
import type { EmbeddedGateway } from '../../gateway.js';
import { messageOf } from '../../shared/errors.js';
import { StopDeadline } from '../../shared/stop-deadline.js';
import { forOneSession } from '../choose-server.js';
import { exitWith } from '../exit.js';
import { CommandFailure } from '../failure.js';
import { safeText } from '../output/safe-text.js';
import { lowerPriority, startedInTime } from '../serve.js';
import type { ClientOptions } from './client-options.js';
import { LineTransport } from './line-transport.js';
import { rootMessage } from './root-message.js';
import type { ServerConnection } from './server-connection.js';
import { openSession } from './session-connection.js';
import { isConfigFile, type Target } from './target.js';

/** How long the session may take to end before it is killed. */
const GRACE_MS = 1_000;

export interface DirectOptions extends ClientOptions {
  readonly target: Exclude<Target, { kind: 'url' }>;
  /** Which server, if the file has several. */
  readonly server: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The system's ids of the threads of libuv's pool, if they are known. */
  readonly libuvPool: readonly number[];
}

/**
 * @throws {BulkheadError} if an option or the file is wrong, or the server cannot be started
 * @throws {CommandFailure} if it does not open a session, or a signal came first
 */
export async function directServer(direct: DirectOptions): Promise<ServerConnection> {
  const { signal, libuvPool } = direct;
  const options = optionsOf(direct);
  lowerPriority(libuvPool, options.threadNice);
  const { startGateway } = await import('../../gateway.js');
  const started = startGateway(options, { listen: false });
  const gateway = await Promise.race([started, aborted(signal).then(() => startedInTime(started))]);
  if (gateway === undefined) throw new CommandFailure('interrupted');
  exitWith(gateway);
  showOutput(gateway);
  return connectTo(gateway, direct);
}

async function connectTo(gateway: EmbeddedGateway, options: ClientOptions): Promise<ServerConnection> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const session = gateway.connect({ input, output });
  void session.ended.then(() => output.destroy());
  const end = async (): Promise<void> => {
    input.end();
    // After a signal nobody waits for a handler that goes on.
    if (!options.signal.aborted) await new StopDeadline(GRACE_MS).within(session.ended);
    await gateway.kill();
  };
  try {
    const connection = await openSession(new LineTransport(output, input), options, async () => {});
    return {
      facts: connection.facts,
      request: (request) => connection.request(request),
      end: () => connection.end().then(end),
    };
  } catch (error) {
    await end();
    throw new CommandFailure(`The server opens no session: ${rootMessage(error)}.`, { cause: error });
  }
}

/** What the server itself writes, as if it ran alone; the log has what it reports as a warning or an error. */
function showOutput({ events }: EmbeddedGateway): void {
  events.on('module-log', ({ level, message }) => {
    if (level === 'info') process.stderr.write(`${safeText(message)}\n`);
  });
}

/** No spare worker, and only the one server. Warnings of the log are shown; variables may say otherwise. */
function optionsOf({ target, server, environment, cwd }: DirectOptions): ResolvedOptions {
  const { BULKHEAD_CONFIG: _config, BULKHEAD_SERVER_MODULE: _module, ...variables } = environment;
  const flags = {
    spareThreads: '0',
    ...(variables.BULKHEAD_LOG_LEVEL === undefined && { logLevel: 'warn' }),
    ...(variables.BULKHEAD_LOG_FORMAT === undefined && { logFormat: 'pretty' }),
  };
  const sources = { flags, environment: variables, cwd };
  const options = resolveOptions(withTarget(sources, target));
  // What was learned of an earlier version of the server is not what it has now.
  const alone = forOneSession(options, server, { lists: 'dynamic' });
  return { ...alone, catalogue: { ...alone.catalogue, warnings: [] } };
}

function withTarget(sources: OptionSources, target: DirectOptions['target']): OptionSources {
  if (target.kind === 'command') return { ...sources, command: target.command };
  const { path } = target;
  if (/\.jsonc?$/i.test(path) && isConfigFile(path, contentOf(path))) return { ...sources, configFile: path };
  return { ...sources, flags: { ...sources.flags, serverModule: path } };
}

function contentOf(path: string): unknown {
  try {
    return parseJsonc(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    throw optionError(`${path} cannot be read as JSON: ${messageOf(error)}.`, error);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
