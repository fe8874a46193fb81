/**
 * The code of a session thread, loaded by `session-entry.ts`, or of a session's process, loaded by `process-entry.ts`. It
 * is called with one task that lasts as long as the thread. It loads the server module and waits as a spare; a `claim` frame gives it its one session. It never returns:
 * a thread that returned would go back to the pool, and no thread serves a second session.
 */
import type { CodeCacheName } from '../../src/shared/code-caches.js';
import type { ServerDefinition } from '../../src/shared/define-server.js';
import { messageOf, type PlainError, toPlainError } from '../../src/shared/errors.js';
import { decodeToWorker, encodeFromWorker } from '../../src/shared/frames/codec.js';
import type { FromWorkerFrame } from '../../src/shared/frames/from-worker.js';
import type { ClaimFrame, ToWorkerFrame } from '../../src/shared/frames/to-worker.js';
import { CHILD_MARKER } from '../../src/shared/keeper-frames.js';
import type { ModuleThreadData } from '../../src/shared/thread-start.js';
import { niceness, ownSystemThreadId, stepBack } from '../system-thread.js';
import { ToolView } from '../tool-rules.js';
import { withBackpressure } from './backpressure.js';
import { SessionChildProcesses } from './children/child-processes.js';
import { currentRequestKey } from './current-request.js';
import { stackOf } from './error-stack.js';
import { reportExit } from './exit-report.js';
import { importThrough } from './import-module.js';
import { watchMemory } from './memory-guard.js';
import { captureOutput, ModuleLog } from './module-log.js';
import {
  loadServerModule,
  moduleCodeCache,
  moduleCodeCacheRejected,
  ServerModuleError,
  traitsOf,
} from './server-module.js';
import { type HostFrame, SessionHost } from './session-host.js';
import type { SessionHostOwner } from './session-host-owner.js';
import type { SessionLink } from './session-link.js';
import { warmUp } from './warm-up.js';

const WARM_UP_AFTER_MS = 5;

const TOO_FAST = 'session.state or a hold changes faster than the gateway takes it: the thread waits for it';

/** V8's code cache of this file. */
interface WorkerCodeCache {
  /** Whether V8 refused the existing one. */
  readonly rejected: boolean;
  /** Creates a new one. */
  readonly create: () => Uint8Array;
}

/** @param data not from `workerData`, where the server module and its tools would find it */
export default async function serveSession(
  link: SessionLink,
  data: ModuleThreadData,
  codeCache: WorkerCodeCache,
  importer: (specifier: string) => Promise<unknown>,
): Promise<never> {
  const { port, keeperPort, childMarker, handledBytes } = link;
  // Nothing below may keep `data`: in a process, the module's text and the code caches in it are memory of its own.
  const { moduleUrl, isTrial } = data;
  importThrough(importer);
  process.env[CHILD_MARKER] = childMarker;
  const postNow = (frame: FromWorkerFrame): void => port.postMessage(encodeFromWorker(frame));
  const log = new ModuleLog(postNow, data.showsStacks);
  const post =
    handledBytes === undefined
      ? postNow
      : withBackpressure(postNow, handledBytes, () => log.write('session', 'warn', TOO_FAST, undefined));
  captureOutput(log);
  reportExit(post);
  watchMemory(data.memoryLimits, post);
  const children = new SessionChildProcesses(keeperPort, currentRequestKey);
  const owner: SessionHostOwner = {
    log,
    children,
    fastPath: data.fastPath,
    tools: data.tools && new ToolView(data.tools),
    learns: data.learns,
    get stateUsedKib() {
      return link.stateUsedKib;
    },
    post,
  };

  // An import that waits is told from one that loops by whether the thread answers meanwhile. And in a process, the pipe
  // that is read keeps an import that waits for nothing from being the end of the process.
  let receive = (frame: ToWorkerFrame): void => {
    if (frame.type !== 'ping')
      throw new TypeError('while the server module is imported, only a ping can come');
    post({ type: 'pong' });
  };
  port.on('message', (posted) => receive(decodeToWorker(posted)));

  post({ type: 'pong' });
  let definition: ServerDefinition;
  try {
    definition = await loadServerModule(data);
  } catch (error) {
    const stage = error instanceof ServerModuleError ? 'shape' : 'import';
    post({ type: 'failed', stage, error: withCauses(error) });
    return forever();
  }

  let claimed = false;
  let host: SessionHost | undefined;
  // Frames that arrive while `setup` still runs wait here; the main thread limits them.
  const early: HostFrame[] = [];

  const handTo = (server: SessionHost, frame: HostFrame): void => {
    // Counted before it is passed on: a handler that never returns has started.
    if (frame.type === 'message' || frame.type === 'resume') link.taken();
    server.receive(frame);
  };

  receive = (frame) => {
    switch (frame.type) {
      case 'ping':
        return post({ type: 'pong' });
      case 'code-cache':
        return post({
          type: 'code-cache',
          caches: { worker: codeCache.create(), module: moduleCodeCache() },
        });
      case 'environment':
        throw new TypeError('the environment of a server module is set before it has a session');
      case 'introduce':
        throw new TypeError('a server module is not told of a client before it has one');
      case 'claim':
        return void claim(frame);
      case 'view':
      case 'message':
      case 'resume':
      case 'cancel':
      case 'credit':
      case 'sleep':
      case 'end':
        if (host === undefined) early.push(frame);
        else handTo(host, frame);
        return;
      default:
        return frame satisfies never;
    }
  };

  // Delayed, because a session that already waits claims the thread at once.
  const warmUpTimer = setTimeout(() => {
    // A server that the module makes is not what would be warmed up.
    if (definition.createServer !== undefined) return;
    const setup = moduleUrl === undefined ? definition.setup : undefined;
    warmUp(owner, setup, () => claimed).catch((error: unknown) =>
      log.write('session', 'warn', `a spare's warm-up failed: ${messageOf(error)}`, undefined),
    );
  }, WARM_UP_AFTER_MS);

  const claim = async (frame: ClaimFrame): Promise<void> => {
    claimed = true;
    clearTimeout(warmUpTimer);
    let started: SessionHost;
    try {
      started = new SessionHost(owner, definition, frame);
      await started.start();
    } catch (error) {
      post({ type: 'failed', stage: 'setup', error: withCauses(error) });
      return;
    }
    post({
      type: 'claimed',
      ...(started.declared !== undefined && { declared: started.declared }),
      ...(isTrial && { hiddenSchemas: started.hiddenSchemas }),
    });
    for (const next of early) {
      handTo(started, next);
      // As between two messages of the port: what one message starts has started before the next one.
      await undefined;
    }
    early.length = 0;
    host = started;
  };

  const systemThreadId = ownSystemThreadId();
  stepBack(systemThreadId, data.linuxPriority);
  const rejectedCaches: CodeCacheName[] = [];
  if (codeCache.rejected) rejectedCaches.push('worker');
  if (moduleCodeCacheRejected()) rejectedCaches.push('module');
  post({ type: 'ready', systemThreadId, niceness: niceness(), traits: traitsOf(definition), rejectedCaches });
  return forever();
}

function withCauses(error: unknown): PlainError {
  const stack = stackOf(error);
  return { ...toPlainError(error), ...(stack !== undefined && { stack }) };
}

function forever(): Promise<never> {
  return new Promise(() => {});
}
