/**
 * Secrets that a command prints: one run for each secret of each start. It is told in its environment whose secret is asked for,
 * not by arguments: a subject that begins with a dash would be an option, and all users of a machine can read arguments.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { OWN_VARIABLE } from '../../shared/own-variables.js';
import { HAS_PROCESS_GROUPS, signalGroup, signalLeaderlessGroup } from '../../shared/process-group.js';
import {
  MAX_SECRET_BYTES,
  NoSecret,
  type SecretOwner,
  type SecretSource,
  secretText,
} from './secret-source.js';

/** Runs at a time, so that a burst of sessions does not become a burst of processes. */
const MAX_RUNS = 8;
/** Those of one principal among them: one whose runs hang must not hold up everybody. */
const MAX_RUNS_OF_ONE = 2;

interface Run {
  readonly owner: SecretOwner;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly resolve: (value: string) => void;
  readonly reject: (reason: unknown) => void;
}

export class SecretCommand implements SecretSource {
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #waiting = new Set<Run>();
  readonly #running = new Map<Run, ChildProcess>();
  #onIdle: () => void = () => {};

  /** @param command an executable, as a path or as a name that is looked for in `PATH`, and its arguments */
  constructor([command = '', ...args]: readonly string[]) {
    this.#command = command;
    this.#args = args;
  }

  read(owner: SecretOwner, name: string, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const run: Run = { owner, name, signal, resolve, reject };
      this.#waiting.add(run);
      signal.addEventListener('abort', () => this.#abort(run), { once: true });
      this.#startNext();
    });
  }

  /** Whoever waited is told nothing any more: the sessions have ended by then. */
  async close(): Promise<void> {
    this.#waiting.clear();
    this.killNow();
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  killNow(): void {
    for (const child of this.#running.values()) kill(child);
  }

  #abort(run: Run): void {
    run.reject(run.signal.reason);
    this.#waiting.delete(run);
    const child = this.#running.get(run);
    if (child !== undefined) kill(child);
  }

  #startNext(): void {
    for (const run of this.#waiting) {
      if (this.#running.size >= MAX_RUNS) return;
      if (this.#runsOf(run.owner) >= MAX_RUNS_OF_ONE) continue;
      this.#waiting.delete(run);
      this.#start(run);
    }
  }

  #runsOf({ principal }: SecretOwner): number {
    return [...this.#running.keys()].filter(({ owner }) => owner.principal === principal).length;
  }

  #start(run: Run): void {
    let child: ChildProcess;
    try {
      child = spawn(this.#command, this.#args, {
        env: environmentOf(run),
        // Nobody can say what it prints there: it may be the secret.
        stdio: ['ignore', 'pipe', 'ignore'],
        detached: HAS_PROCESS_GROUPS,
        windowsHide: true,
      });
    } catch (error) {
      // Node's own messages may contain a value of the environment.
      return run.reject(failed(`it could not be started: ${codeOf(error)}`));
    }
    this.#running.set(run, child);
    const chunks: Buffer[] = [];
    let bytes = 0;
    // There is none if no descriptor is left for it.
    child.stdout?.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes <= MAX_SECRET_BYTES) return void chunks.push(chunk);
      run.reject(failed(`it printed more than ${MAX_SECRET_BYTES / 1024} KiB`));
      kill(child);
    });
    child.on('error', (error) => {
      run.reject(failed(`it could not be started: ${codeOf(error)}`));
      if (child.pid === undefined) this.#over(run);
    });
    child.once('close', (code, signal) => {
      if (code === 0) settle(run, Buffer.concat(chunks));
      else
        run.reject(failed(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`));
      this.#over(run);
    });
  }

  #over(run: Run): void {
    if (!this.#running.delete(run)) return;
    if (this.#running.size === 0) this.#onIdle();
    this.#startNext();
  }
}

function settle({ resolve, reject }: Run, printed: Uint8Array): void {
  try {
    resolve(secretText(printed));
  } catch (error) {
    reject(error);
  }
}

/** That of the gateway, because it may need credentials of its own, but for the gateway's options. */
function environmentOf({ owner: { identity, principal }, name }: Run): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(([variable]) => !OWN_VARIABLE.test(variable));
  return {
    ...Object.fromEntries(inherited),
    BULKHEAD_SECRET: name,
    BULKHEAD_PRINCIPAL: principal,
    BULKHEAD_PRINCIPAL_ISSUER: identity.issuer,
    BULKHEAD_PRINCIPAL_SUB: identity.subject,
  };
}

function failed(detail: string): NoSecret {
  return new NoSecret('cannot be read', `secrets-command: ${detail}`);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}

/** With everything that it has started, which may hold its stdout open. */
function kill({ pid, stdout, exitCode, signalCode }: ChildProcess): void {
  const reaped = exitCode !== null || signalCode !== null;
  if (pid !== undefined) (reaped ? signalLeaderlessGroup : signalGroup)(pid, 'SIGKILL');
  stdout?.destroy();
}
