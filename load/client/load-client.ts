/** A client of a load, in either era: what the population and the calls need of it. */
import type { LoadPlan } from '../load-plan.js';
import type { ListedTool } from '../mix.js';
import type { Answer } from './awaited-answers.js';
import type { CallTemplate } from './call-template.js';
import type { LoadFailure } from './failure-kind.js';
import type { ServerName } from './server-name.js';
import type { SessionTokens } from './session-token.js';

/** What the clients of a run have in common. */
export interface LoadClientSettings {
  readonly plan: Pick<
    LoadPlan,
    'headers' | 'era' | 'transport' | 'protocolVersion' | 'timeoutMs' | 'readBytesPerSecond'
  >;
  readonly url: URL;
  readonly tokens: SessionTokens;
  readonly version: string;
}

/** Receives the events of a client. */
export interface LoadClientObserver {
  /** A request other than a call was answered successfully: `initialize`, `tools/list`, `ping`, `DELETE`, …. */
  onAnswered(method: string, latencyMs: number): void;
  /** A request failed, or something arrived that should not have. */
  onFailure(method: string, failure: LoadFailure): void;
  /** The stream for messages that belong to no request ended before the client left. */
  onStreamClosed(): void;
  /** The server no longer knows the client's session. */
  onForgotten(client: LoadClient): void;
}

export type LoadClientState = 'new' | 'open' | 'forgotten' | 'leaving' | 'dropped';

export interface LoadClient {
  readonly state: LoadClientState;
  /** How the server calls itself; `undefined` before it has said so. */
  readonly server: ServerName | undefined;
  /** Calls that were started. */
  readonly calls: number;
  /**
   * Does what a real client does before its first call.
   * @param listen whether to hold a stream for messages that belong to no request
   * @throws {LoadFailure} if the server cannot be used
   */
  open(listen: boolean): Promise<void>;
  /** All tools that the server lists. @throws {LoadFailure} */
  tools(): Promise<readonly ListedTool[]>;
  /**
   * Calls a tool.
   * @throws {LoadFailure} also if the tool itself reports an error, with the kind `tool`
   */
  call(template: CallTemplate): Promise<Answer>;
  /** Asks whether the server is still there for this client. @throws {LoadFailure} */
  ping(): Promise<void>;
  /** Lets calls in flight finish, then leaves. Failures are reported to the observer. */
  end(): Promise<void>;
  /** Vanishes: cuts all connections. Calls in flight reject, and are not reported. */
  drop(): Promise<void>;
  /** Closes what is left of a client that the server has forgotten. */
  discard(): Promise<void>;
}
