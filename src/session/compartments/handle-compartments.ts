/**
 * Compartments that belong to a handle. A tool of the gateway opens one and gives its handle out, and every call that
 * passes the handle meets it. The handle is the record's id, which nobody can guess, and only the principal that has
 * opened it can use it (2026-07-28, Security Best Practices, "State Handle Hijacking").
 */
import type { Rejection } from '../../protocol/rejection.js';
import type { HandleTools } from '../../shared/handle-tools.js';
import { HANDLE_ARGUMENT } from '../../shared/handle-tools.js';
import type { EndReason } from '../../telemetry/end-reason.js';
import type { Caller, Compartment, CompartmentOwner } from './compartment.js';

/** Longer texts are not repeated to whoever has sent them. */
const MAX_TOLD_CHARS = 64;

/** The result of a tool, as JSON has it. */
export interface ToolResult {
  readonly content: readonly { readonly type: 'text'; readonly text: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly isError?: true;
}

export type HandleRejection = Rejection<
  'draining' | 'session_limit' | 'quota_exceeded' | 'principal_session_limit'
>;

export interface HandleCompartmentsParts<Kind> {
  readonly tools: HandleTools;
  /** How many each principal has open. */
  readonly opened: Map<string, number>;
  /** Why a caller whose principal has opened so many may open no more, or `undefined`. */
  rejection(caller: Caller, opened: number): HandleRejection | undefined;
  open(caller: Caller, owner: CompartmentOwner): Kind;
  /** The compartment with this handle, if it belongs to the principal. */
  find(handle: string, principal: string): Kind | undefined;
}

export class HandleCompartments<Kind extends Compartment> implements CompartmentOwner {
  readonly #parts: HandleCompartmentsParts<Kind>;

  constructor(parts: HandleCompartmentsParts<Kind>) {
    this.#parts = parts;
  }

  get tools(): HandleTools {
    return this.#parts.tools;
  }

  /** What the tool answers that opens one, or why it opens none. */
  open(caller: Caller): ToolResult | HandleRejection {
    const { principal } = caller;
    const { opened } = this.#parts;
    const rejection = this.#parts.rejection(caller, opened.get(principal) ?? 0);
    if (rejection !== undefined) return rejection;
    const { context } = this.#parts.open(caller, this);
    // Opening it may have ended another one.
    opened.set(principal, (opened.get(principal) ?? 0) + 1);
    const content = { [HANDLE_ARGUMENT]: context.sessionId };
    return { content: [{ type: 'text', text: JSON.stringify(content) }], structuredContent: content };
  }

  /** What the tool answers that closes one. */
  close(handle: unknown, principal: string): ToolResult {
    const found = this.find(handle, principal);
    if ('result' in found) return found.result;
    void found.compartment.end('delete');
    return { content: [{ type: 'text', text: 'The session has ended.' }] };
  }

  /** The compartment with this handle, or what a tool answers that was called with it. */
  find(handle: unknown, principal: string): { readonly compartment: Kind } | { readonly result: ToolResult } {
    const { tools } = this.#parts;
    if (typeof handle !== 'string')
      return failed(`"${HANDLE_ARGUMENT}" must be a string: the id that ${tools.open} has returned.`);
    const compartment = this.#parts.find(handle, principal);
    if (compartment !== undefined) return { compartment };
    const told = handle.length > MAX_TOLD_CHARS ? '' : ` ${JSON.stringify(handle)}`;
    return failed(
      `There is no session${told}: it has ended, or was never opened. Call ${tools.open} and pass the id that it returns; what the session knew is gone.`,
    );
  }

  onRequestOver(): void {}

  onReady(): void {}

  /** As a session: `session-idle` and `session-max-age`. */
  expired(): EndReason | undefined {
    return undefined;
  }

  onEnded({ context }: Compartment): void {
    const { opened } = this.#parts;
    const left = (opened.get(context.principal) ?? 1) - 1;
    if (left === 0) opened.delete(context.principal);
    else opened.set(context.principal, left);
  }
}

/** A failure that the model is meant to see, and can do something about. */
function failed(text: string): { readonly result: ToolResult } {
  return { result: { content: [{ type: 'text', text }], isError: true } };
}
