/** Refuses what the rules do not allow, before any compartment is touched for it. */
import { JSON_RPC } from '../../protocol/json-rpc-error.js';
import { cut } from '../../shared/errors.js';
import type { ListKind } from '../../shared/list-methods.js';
import type { ListView } from '../../shared/list-view.js';
import { AdmissionWindow } from '../../telemetry/admission-window.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import type { RuleRefusalReason } from '../../telemetry/rejection-reason.js';
import type { Asked, Gate, GateRefusal } from '../gate.js';
import type { Visitor } from '../visitor.js';
import { operationsIn } from './operations.js';
import type { Rules } from './rules.js';
import type { Operation, Verdict } from './standing.js';

const MAX_SHOWN_NAME_CHARS = 128;
/** Lines of a dry run: so many in each window, and then how many there were more. */
const LINES_PER_WINDOW = 20;
const WINDOW_MS = 60_000;

const UNKNOWN: Readonly<Record<ListKind, readonly [RuleRefusalReason, string]>> = {
  tools: ['unknown_tool', 'Tool'],
  prompts: ['unknown_prompt', 'Prompt'],
  resources: ['unknown_resource', 'Resource'],
};

export class RulesGate implements Gate {
  readonly #rules: Rules;
  readonly #events: GatewayEmitter;
  readonly #lines = new AdmissionWindow(LINES_PER_WINDOW, WINDOW_MS);

  constructor(rules: Rules, events: GatewayEmitter) {
    this.#rules = rules;
    this.#events = events;
  }

  admit(asked: Asked): GateRefusal | undefined {
    const rules = this.#rules;
    if (rules.none) return undefined;
    const { visitor, server, method, body } = asked;
    const standing = rules.standing(visitor.principal, server);
    if (standing.free) return undefined;
    const named = operationsIn(method, body);
    if ('why' in named)
      return {
        status: 200,
        reason: 'invalid_request',
        code: JSON_RPC.invalidRequest,
        message: `Invalid Request: ${named.why}.`,
      };
    const { operations } = named;
    const verdict = standing.verdict(operations);
    if (verdict === undefined) return undefined;
    const refusal = verdict.denied
      ? unknown(operations, rules, asked, verdict)
      : missingScopes(asked, verdict.needed, verdict.rule);
    if (this.#refuse(asked, refusal, verdict)) return refusal;
    asked.wouldRefuse?.(refusal);
    return undefined;
  }

  /** Which rule keeps the principal from using anything of the server; `undefined`: none does. */
  bars(visitor: Visitor, server: string): { readonly rule: number | undefined } | undefined {
    const rules = this.#rules;
    if (rules.none) return undefined;
    const { barred } = rules.standing(visitor.principal, server);
    if (barred === undefined) return undefined;
    const asked = { visitor, server, method: undefined, tool: undefined };
    return this.#refuse(asked, { reason: 'server_not_allowed' }, barred) ? { rule: barred.rule } : undefined;
  }

  /** Whether the principal may know of the server. */
  shows(visitor: Visitor, server: string): boolean {
    const rules = this.#rules;
    if (rules.none || rules.policy === 'dry-run') return true;
    return rules.standing(visitor.principal, server).barred === undefined;
  }

  /** What the principal sees of the server's lists; `undefined`: all, as everybody does. */
  view({ principal }: Visitor, server: string): ListView | undefined {
    const rules = this.#rules;
    return rules.none || rules.policy === 'dry-run' ? undefined : rules.standing(principal, server).view;
  }

  /** Counts it. `false`: it is only a dry run. */
  #refuse(
    { visitor, server, method, tool }: RefusedRequest,
    { reason }: { readonly reason: GateRefusal['reason'] },
    { rule }: Verdict,
  ): boolean {
    const enforced = this.#rules.policy === 'enforce';
    const { identity } = visitor.principal;
    this.#events.emit('rule-refused', {
      server,
      reason: reason as RuleRefusalReason,
      enforced,
    });
    const suppressed = enforced ? undefined : this.#lines.admit();
    if (suppressed !== undefined)
      this.#events.emit('notice', {
        level: 'warn',
        message: 'the rules would have refused a request; policy is dry-run, so it was let through',
        fields: {
          server,
          ...(method !== undefined && { method }),
          ...(tool !== undefined && { tool }),
          reason,
          ...(rule !== undefined && { rule }),
          issuer: identity.issuer,
          subject: identity.subject,
          ...(suppressed > 0 && { suppressed }),
        },
      });
    return enforced;
  }
}

interface RefusedRequest {
  readonly visitor: Visitor;
  readonly server: string;
  readonly method: string | undefined;
  readonly tool: string | undefined;
}

/** In the words of the SDK, and thus of most servers. */
function unknown(
  operations: readonly Operation[],
  rules: Rules,
  { visitor, server }: Asked,
  { rule }: Verdict,
): GateRefusal {
  const standing = rules.standing(visitor.principal, server);
  const refused = operations.find((operation) => standing.verdict([operation])?.denied === true);
  if (refused === undefined) return { status: 403, reason: 'server_not_allowed', message: NOT_ALLOWED, rule };
  const [reason, what] = UNKNOWN[refused.kind];
  const name = cut(refused.name, MAX_SHOWN_NAME_CHARS);
  const message = `MCP error ${JSON_RPC.invalidParams}: ${what} ${name} not found`;
  return { status: 200, reason, code: JSON_RPC.invalidParams, message, rule };
}

export const NOT_ALLOWED = 'Forbidden: the rules of this gateway do not allow you to use this server.';

function missingScopes(
  { visitor, method, tool }: Asked,
  needed: readonly string[],
  rule: number,
): GateRefusal {
  const what = tool === undefined ? method : `the tool ${cut(tool, MAX_SHOWN_NAME_CHARS)}`;
  const message = `Forbidden: ${what} needs the ${needed.length === 1 ? 'scope' : 'scopes'} ${needed.join(' ')}. Sign in again and ask for ${needed.length === 1 ? 'it' : 'them'}.`;
  const description = 'More scopes are needed';
  const challenge = visitor.endpoint.challenge('insufficient_scope', description, needed);
  return {
    status: 403,
    reason: 'insufficient_scope',
    message,
    headers: { 'www-authenticate': challenge },
    rule,
  };
}
