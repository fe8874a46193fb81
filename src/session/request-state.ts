/**
 * The `requestState` of a call that waits for its client (2026-07-28, Multi Round-Trip Requests): sealed, because it
 * comes back from the client, and bound to what it was issued for. Nothing in it is a secret of the gateway; it is sealed
 * so that nobody can make one, or use one for another request.
 *
 * It binds, as additional data of AES-256-GCM, the server, the principal, what else of the caller decides its compartment, the
 * method and a digest of the parameters. So a state that belongs to another request does not open at all, and does not show which of them is wrong.
 */
import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from 'node:crypto';
import { canonicalJson } from '../shared/canonical-json.js';

/** What tells the gateway's states from those that a server makes itself; also the version of their form. */
const PREFIX = 'bulkhead1.';
const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** None of ours is nearly as long. */
const MAX_CHARS = 1024;
/** Members of the parameters that differ from one round to the next. */
const OF_ONE_ROUND = new Set(['_meta', 'inputResponses', 'requestState']);

/** What the request must have in common with the one that it continues. */
export interface BoundRequest {
  /** The server's name in the catalogue. */
  readonly server: string;
  readonly principal: string;
  /**
   * By what its compartment was chosen: the principal, and with affinity `request` the metadata of the caller, with which the
   * handler runs that waits (`Compartments.sharedBy`).
   */
  readonly sharedBy: string;
  readonly method: string;
  /** `paramsDigest` of its parameters. */
  readonly digest: string;
}

/** What the state says. */
export interface RequestState {
  /** The key of the call that waits. */
  readonly key: string;
  /** Which of the states of this gateway it is: each is good for one use. */
  readonly round: number;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
  /** The run of the gateway that sealed it. */
  readonly gateway: string;
}

export class RequestStates {
  readonly #key: Buffer;
  /** Differs for each run of a gateway, also of those that share a key. */
  readonly gateway: string = randomBytes(NONCE_BYTES).toString('base64url');

  /** @param stateKey the option of this name, in base64; without it, states end with this process */
  constructor(stateKey: string | undefined) {
    const secret = stateKey === undefined ? randomBytes(KEY_BYTES) : Buffer.from(stateKey, 'base64');
    // The secret may be longer than a key, and other uses of it must not share this one.
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', `mcp-bulkhead ${PREFIX} requestState`, KEY_BYTES));
  }

  seal(state: Omit<RequestState, 'gateway'>, bound: BoundRequest): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(boundText(bound));
    const { key, round, expiresAtMs } = state;
    const sealed = cipher.update(JSON.stringify([key, round, expiresAtMs, this.gateway]), 'utf8');
    const parts = [nonce, sealed, cipher.final(), cipher.getAuthTag()];
    return PREFIX + Buffer.concat(parts).toString('base64url');
  }

  /** `undefined` if the text was not sealed with this key for such a request; it may be expired. */
  open(text: string, bound: BoundRequest): RequestState | undefined {
    if (!isGatewayState(text) || text.length > MAX_CHARS) return undefined;
    const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
    // Node skips what is not base64url: such a text is not the one that was sent.
    if (bytes.length < NONCE_BYTES + TAG_BYTES || PREFIX + bytes.toString('base64url') !== text)
      return undefined;
    const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(boundText(bound));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    let opened: string;
    try {
      const sealed = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
      opened = Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8');
    } catch {
      // The tag does not fit. OpenSSL compares it in constant time.
      return undefined;
    }
    const [key, round, expiresAtMs, gateway] = JSON.parse(opened) as [string, number, number, string];
    return { key, round, expiresAtMs, gateway };
  }
}

/** Whether the gateway claims to have made it; otherwise it belongs to the server. */
export function isGatewayState(text: string): boolean {
  return text.startsWith(PREFIX);
}

/**
 * What the parameters of all rounds of one call have in common, whatever the order of their members.
 * @param params `params` of the request
 */
export function paramsDigest(params: unknown): string {
  const kept =
    typeof params === 'object' && params !== null
      ? Object.fromEntries(Object.entries(params).filter(([member]) => !OF_ONE_ROUND.has(member)))
      : {};
  return hash('sha256', canonicalJson(kept), 'base64url');
}

/**
 * @param body the request as JSON: parsed once more, because only a call that waits for its client needs its digest
 */
export function boundRequest(
  caller: Pick<BoundRequest, 'server' | 'principal' | 'sharedBy'>,
  method: string,
  body: string,
): BoundRequest {
  const { params } = JSON.parse(body) as { readonly params?: unknown };
  return { ...caller, method, digest: paramsDigest(params) };
}

/** Unambiguous: no two requests have the same text. */
function boundText({ server, principal, sharedBy, method, digest }: BoundRequest): Buffer {
  return Buffer.from(JSON.stringify([server, principal, sharedBy, method, digest]));
}
