/**
 * What is decided about each request of a client once it was read, and before any compartment is touched for it: whether its
 * principal may use the tool, and how much it has used. In both eras and over all transports of HTTP.
 */
import type { Rejection } from '../protocol/rejection.js';
import type { Era } from '../shared/session-context.js';
import type { RejectionReason } from '../telemetry/rejection-reason.js';
import type { Visitor } from './visitor.js';

/** One JSON-RPC request, and who makes it. */
export interface Asked {
  readonly visitor: Visitor;
  /** The name of the server in the catalogue. */
  readonly server: string;
  readonly era: Era;
  /** `undefined` in the stateless era, and for `initialize`. */
  readonly sessionId: string | undefined;
  readonly method: string;
  /** With `tools/call`. */
  readonly tool: string | undefined;
  /** Its size, in UTF-16 code units. */
  readonly chars: number;
  /** The request as JSON, as it was sent. */
  readonly body: string;
  /** Told what a dry run would have refused. */
  wouldRefuse?(refusal: GateRefusal): void;
}

/** The notifications and responses of one POST. */
export interface Told {
  readonly visitor: Visitor;
  readonly bodies: readonly string[];
}

export interface GateRefusal extends Rejection<RejectionReason> {
  /** 200: as a JSON-RPC error, because clients show the model any other status without its message. */
  readonly status: 200 | 403 | 429 | 503;
  readonly headers?: Readonly<Record<string, string>>;
  /** The index of the rule that says so; never for the client. */
  readonly rule?: number | undefined;
}

export interface Gate {
  /** Called on the main thread for each request; it throws nothing and takes microseconds. */
  admit(asked: Asked): GateRefusal | undefined;
  /** The same for messages that ask nothing. Only a flood of them is refused: what they would stop must not go on. */
  accept?(told: Told): GateRefusal | undefined;
}

/** Several gates in order; the first that refuses decides. */
export function gateOf(gates: readonly Gate[]): Gate {
  return {
    admit(asked) {
      for (const gate of gates) {
        const refusal = gate.admit(asked);
        if (refusal !== undefined) return refusal;
      }
      return undefined;
    },
    accept(told) {
      for (const gate of gates) {
        const refusal = gate.accept?.(told);
        if (refusal !== undefined) return refusal;
      }
      return undefined;
    },
  };
}
