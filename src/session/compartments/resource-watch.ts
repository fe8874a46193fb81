/** The compartment that watches resources for one caller, and asks its server to do so. */
import type { Session } from '../session.js';
import type { SessionManager } from '../session-manager.js';
import type { Caller, CompartmentOwner } from './compartment.js';
import type { Compartments } from './compartments.js';
import { askCompartment } from './inner-request.js';
import { WatchedResources, type WatchingCompartment } from './watched-resources.js';

const ANSWER_DEADLINE_MS = 10_000;

/** It serves no requests, and stays for as long as it is kept. */
const NOBODY: CompartmentOwner = {
  onRequestOver() {},
  onReady() {},
  expired: () => undefined,
  onEnded() {},
};

/** A longer answer is an error. */
const MAX_RESULT_CHARS = 4 * 1024;

export interface ResourceWatchOwner {
  mayHaveChanged(uri: string): void;
  onEmpty(): void;
}

export class ResourceWatch {
  readonly resources: WatchedResources;
  readonly #sessions: SessionManager;
  readonly #compartments: Compartments;
  readonly #caller: Caller;
  #session: Session | undefined;

  constructor(
    sessions: SessionManager,
    compartments: Compartments,
    caller: Caller,
    owner: ResourceWatchOwner,
  ) {
    this.#sessions = sessions;
    this.#compartments = compartments;
    this.#caller = caller;
    this.resources = new WatchedResources({
      open: () => this.#open(),
      mayHaveChanged: (uri) => owner.mayHaveChanged(uri),
      onEmpty: () => owner.onEmpty(),
    });
  }

  /** Of the compartment that watches. */
  get sessionId(): string | undefined {
    return this.#session?.id;
  }

  #open(): WatchingCompartment | undefined {
    const found = this.#compartments.watching(this.#caller, NOBODY);
    if (found === undefined) return undefined;
    const { session, own } = found;
    this.#session = session;
    const ask = (method: string, uri: string): Promise<string | undefined> =>
      askCompartment(
        session,
        { key: this.#sessions.newRequestKey(), method, params: { uri } },
        false,
        ANSWER_DEADLINE_MS,
      );
    return {
      get ended() {
        return session.ended;
      },
      keep: () => session.keep(),
      letGo: () => session.letGo(),
      subscribe: async (uri) => isResult(await ask('resources/subscribe', uri)),
      unsubscribe: (uri) => {
        if (!session.ended && !own) void ask('resources/unsubscribe', uri);
      },
      release: () => {
        if (own) void session.end('request_over');
      },
    };
  }
}

/** @param response the server's, as text */
function isResult(response: string | undefined): boolean {
  if (response === undefined || response.length > MAX_RESULT_CHARS) return false;
  return 'result' in (JSON.parse(response) as object);
}
