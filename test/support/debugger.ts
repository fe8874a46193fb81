/** A debugger over the inspector protocol, as VS Code and Chrome are: it finds the threads of a process, and maps files. */
import { once } from 'node:events';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  AnyMap,
  generatedPositionFor,
  LEAST_UPPER_BOUND,
  originalPositionFor,
  type TraceMap,
} from '@jridgewell/trace-mapping';
import { WebSocket } from 'undici';
import { afterThisTest } from './cleanup.js';
import { withDeadline } from './deadline.js';

const DEADLINE_MS = 30_000;

type Params = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Params;
  readonly error?: { readonly message: string };
}

export interface Position {
  readonly file: string;
  /** From 1, as editors count. */
  readonly line: number;
}

export interface Pause {
  readonly thread: DebuggedThread;
  readonly at: Position | undefined;
  readonly functionName: string;
  /** Of the innermost scope of the function. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A file that a script was made of. */
interface MappedScript {
  readonly scriptId: string;
  readonly map: TraceMap;
}

export class Debugger {
  readonly #socket: WebSocket;
  readonly #answers = new Answers();
  readonly #threads = new Map<string, DebuggedThread>();
  readonly #breakpoints: Position[] = [];
  readonly #pauses: Pause[] = [];
  #onPause: (() => void) | undefined;
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('close', () => {
      this.#answers.end();
      for (const thread of this.#threads.values()) thread.gone();
    });
    socket.addEventListener('message', ({ data }) => this.#received(JSON.parse(String(data)) as Message));
  }

  /** @param url as Node prints it */
  static async attach(url: string): Promise<Debugger> {
    const socket = new WebSocket(url);
    afterThisTest(async () => {
      const closed = once(socket, 'close');
      socket.close();
      await withDeadline(closed, 'the end of the inspector', DEADLINE_MS);
    });
    await withDeadline(once(socket, 'open'), 'the inspector', DEADLINE_MS);
    const attached = new Debugger(socket);
    // Threads wait at their start until breakpoints are set, as those of VS Code do.
    await attached.send('NodeWorker.enable', { waitForDebuggerOnStart: true });
    return attached;
  }

  send(method: string, params: Params = {}): Promise<Params> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return this.#answers.to(id, method);
  }

  /** Lets a process run that waits for a debugger. */
  async run(): Promise<void> {
    await this.send('Runtime.runIfWaitingForDebugger');
  }

  /** In all threads that start from now on, once they have a script that was made of this file. */
  breakAt(position: Position): void {
    this.#breakpoints.push(position);
  }

  /** The next pause of any thread. */
  async paused(): Promise<Pause> {
    const next = async (): Promise<Pause> => {
      for (;;) {
        const pause = this.#pauses.shift();
        if (pause !== undefined) return pause;
        await new Promise<void>((resolve) => {
          this.#onPause = resolve;
        });
      }
    };
    return withDeadline(next(), 'a pause', DEADLINE_MS);
  }

  #received(message: Message): void {
    const { id, method, params = {} } = message;
    if (id !== undefined) return this.#answers.received(message);
    const sessionId = String(params.sessionId);
    if (method === 'NodeWorker.attachedToWorker') {
      const thread = new DebuggedThread(
        (text) => void this.send('NodeWorker.sendMessageToWorker', { sessionId, message: text }),
        this.#breakpoints,
        (pause) => {
          this.#pauses.push(pause);
          this.#onPause?.();
        },
      );
      this.#threads.set(sessionId, thread);
      void thread.begin();
    } else if (method === 'NodeWorker.receivedMessageFromWorker') {
      this.#threads.get(sessionId)?.received(JSON.parse(String(params.message)) as Message);
    } else if (method === 'NodeWorker.detachedFromWorker') {
      this.#threads.get(sessionId)?.gone();
      this.#threads.delete(sessionId);
    }
  }
}

export class DebuggedThread {
  readonly #post: (text: string) => void;
  readonly #breakpoints: readonly Position[];
  readonly #onPause: (pause: Pause) => void;
  readonly #answers = new Answers();
  readonly scripts: MappedScript[] = [];
  #lastId = 0;

  constructor(
    post: (text: string) => void,
    breakpoints: readonly Position[],
    onPause: (pause: Pause) => void,
  ) {
    this.#post = post;
    this.#breakpoints = breakpoints;
    this.#onPause = onPause;
  }

  send(method: string, params: Params = {}): Promise<Params> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#post(JSON.stringify({ id, method, params }));
    return this.#answers.to(id, method);
  }

  async begin(): Promise<void> {
    await this.send('Debugger.enable');
    // A script stops before its first line, so that its breakpoints can be set.
    await this.send('Debugger.setInstrumentationBreakpoint', {
      instrumentation: 'beforeScriptWithSourceMapExecution',
    });
    await this.send('Runtime.runIfWaitingForDebugger');
  }

  /** What it has not answered, nobody will. */
  gone(): void {
    this.#answers.end();
  }

  resume(): Promise<Params> {
    return this.send('Debugger.resume');
  }

  received(message: Message): void {
    const { id, method, params = {} } = message;
    if (id !== undefined) return this.#answers.received(message);
    if (method === 'Debugger.scriptParsed') this.#parsed(params);
    else if (method === 'Debugger.paused') void this.#paused(params);
  }

  #parsed({ scriptId, sourceMapURL }: Params): void {
    if (typeof sourceMapURL !== 'string' || !sourceMapURL.startsWith('data:')) return;
    const json = Buffer.from(sourceMapURL.slice(sourceMapURL.indexOf(',') + 1), 'base64').toString();
    this.scripts.push({ scriptId: String(scriptId), map: new AnyMap(json) });
  }

  async #paused({ reason, callFrames }: Params): Promise<void> {
    // A thread that has waited for its debugger stops in its very first line, which is Node's own.
    if (reason === 'Break on start') return void this.resume();
    if (reason === 'instrumentation') {
      for (const position of this.#breakpoints) await this.#set(position);
      await this.resume();
      return;
    }
    const [frame] = callFrames as readonly {
      readonly functionName: string;
      readonly location: {
        readonly scriptId: string;
        readonly lineNumber: number;
        readonly columnNumber: number;
      };
      readonly scopeChain: readonly { readonly object: { readonly objectId: string } }[];
    }[];
    if (frame === undefined) throw new Error('A pause has a frame.');
    const { scriptId, lineNumber, columnNumber } = frame.location;
    const map = this.scripts.find((script) => script.scriptId === scriptId)?.map;
    const { source, line } = map
      ? originalPositionFor(map, { line: lineNumber + 1, column: columnNumber })
      : { source: null, line: null };
    const at = source === null || line === null ? undefined : { file: fileURLToPath(source), line };
    this.#onPause({
      thread: this,
      at,
      functionName: frame.functionName,
      variables: await this.#variables(frame),
    });
  }

  async #variables(frame: {
    readonly scopeChain: readonly { readonly object: { readonly objectId: string } }[];
  }): Promise<Record<string, unknown>> {
    const objectId = frame.scopeChain[0]?.object.objectId;
    const { result } = await this.send('Runtime.getProperties', { objectId, generatePreview: true });
    const properties = (result ?? []) as readonly {
      readonly name: string;
      readonly value?: { readonly value?: unknown; readonly description?: string };
    }[];
    return Object.fromEntries(
      properties.map(({ name, value }) => [name, value?.value ?? value?.description]),
    );
  }

  /** As an editor does it: the line of the file becomes the first position in the script that the map has for it. */
  async #set({ file, line }: Position): Promise<void> {
    const source = pathToFileURL(file).href;
    for (const { scriptId, map } of this.scripts) {
      const place = generatedPositionFor(map, { source, line, column: 0, bias: LEAST_UPPER_BOUND });
      if (place.line === null) continue;
      const location = { scriptId, lineNumber: place.line - 1, columnNumber: place.column };
      await this.send('Debugger.setBreakpoint', { location });
    }
  }
}

/** The answers to what was sent over one connection. */
class Answers {
  readonly #waiting = new Map<unknown, (message: Message) => void>();
  #over = false;

  /** Empty if the other side has gone. */
  async to(id: number, method: string): Promise<Params> {
    if (this.#over) return {};
    const answer = new Promise<Message>((resolve) => void this.#waiting.set(id, resolve));
    const { error, result = {} } = await withDeadline(answer, `the answer to ${method}`, DEADLINE_MS);
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  received(message: Message): void {
    this.#waiting.get(message.id)?.(message);
  }

  end(): void {
    this.#over = true;
    for (const answer of this.#waiting.values()) answer({});
  }
}
