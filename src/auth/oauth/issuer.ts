/**
 * An authorization server: its metadata (RFC 8414, and OpenID Connect Discovery 1.0), its keys, and its word on opaque
 * tokens (RFC 7662). What was fetched goes on being used while the server cannot be reached.
 */
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { messageOf } from '../../shared/errors.js';
import type { Fields } from '../../shared/fields.js';
import { AdmissionWindow } from '../../telemetry/admission-window.js';
import type { GatewayEmitter } from '../../telemetry/events.js';
import { AuthorizationServerError, fetchJson } from './fetch-json.js';
import { Refreshed } from './refreshed.js';

const METADATA_STALE_MS = 60 * 60_000;
const KEYS_STALE_MS = 10 * 60_000;
/** A token with an unknown key can be made by anybody: it must not make us ask more often than this. */
const COOL_DOWN_MS = 30_000;
/** While it is down, each sign-in would otherwise wait for it. */
const FAILURE_COOL_DOWN_MS = 5_000;
const NOTICE_WINDOW_MS = 60_000;

export interface IssuerOptions {
  /** As tokens write it, character by character. */
  readonly issuer: string;
  /** For introspection; without it, opaque tokens are unknown. */
  readonly client: { readonly id: string; readonly secret: string } | undefined;
  readonly events: GatewayEmitter;
  /** For tests. */
  readonly coolDownMs?: number;
}

export type Keys = ReturnType<typeof createLocalJWKSet>;

export class Issuer {
  readonly issuer: string;
  readonly #client: IssuerOptions['client'];
  readonly #metadata: Refreshed<Fields>;
  readonly #keys: Refreshed<Keys>;

  constructor({ issuer, client, events, coolDownMs = COOL_DOWN_MS }: IssuerOptions) {
    this.issuer = issuer;
    this.#client = client;
    const notices = new AdmissionWindow(1, NOTICE_WINDOW_MS);
    const onFailure = (error: unknown): void => {
      const suppressed = notices.admit();
      if (suppressed === undefined) return;
      events.emit('notice', {
        level: 'error',
        message: `The authorization server could not be asked. Keys that are known are still used; tokens that need others get 503: ${messageOf(error)}`,
        fields: { failures: suppressed + 1 },
      });
    };
    const failureCoolDownMs = Math.min(coolDownMs, FAILURE_COOL_DOWN_MS);
    const shared = { coolDownMs, failureCoolDownMs, onFailure };
    this.#metadata = new Refreshed({
      ...shared,
      fetch: () => this.#discover(),
      staleMs: METADATA_STALE_MS,
    });
    this.#keys = new Refreshed({ ...shared, fetch: () => this.#fetchKeys(), staleMs: KEYS_STALE_MS });
  }

  get introspects(): boolean {
    return this.#client !== undefined;
  }

  /** @throws {AuthorizationServerError} if there are none yet and the server cannot be asked */
  keys(): Promise<Keys> {
    return this.#keys.get();
  }

  /**
   * Keys that may have one more, for a token whose key is unknown.
   * @throws {AuthorizationServerError} if the server cannot be asked
   */
  newerKeys(): Promise<Keys> {
    return this.#keys.refresh();
  }

  /**
   * What the server says of an opaque token: `active`, and its claims if it is.
   * @throws {AuthorizationServerError} if the server cannot be asked
   */
  async introspect(token: string): Promise<Fields> {
    const { introspection_endpoint: endpoint } = await this.#metadata.get();
    if (this.#client === undefined || typeof endpoint !== 'string')
      throw new AuthorizationServerError(`${this.issuer} has no introspection_endpoint in its metadata`);
    const { id, secret } = this.#client;
    // RFC 6749, section 2.3.1: both are encoded as in a form before they are encoded as credentials.
    const credentials = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
    return fetchJson(this.#checked(endpoint), {
      headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
      form: { token, token_type_hint: 'access_token' },
    });
  }

  async #fetchKeys(): Promise<Keys> {
    const { jwks_uri: uri } = await this.#metadata.get();
    if (typeof uri !== 'string')
      throw new AuthorizationServerError(`${this.issuer} has no jwks_uri in its metadata`);
    const keys = await fetchJson(this.#checked(uri));
    try {
      return createLocalJWKSet(keys as unknown as JSONWebKeySet);
    } catch {
      throw new AuthorizationServerError(`${uri}: its answer is not a JSON Web Key Set`);
    }
  }

  /** The first that answers; its `issuer` must be the same, or anybody's metadata could stand there (RFC 8414, section 3.3). */
  async #discover(): Promise<Fields> {
    let failure: unknown;
    for (const url of metadataUrls(this.issuer)) {
      try {
        const metadata = await fetchJson(url);
        if (metadata.issuer === this.issuer) return metadata;
        throw new AuthorizationServerError(
          `${url}: its issuer is ${JSON.stringify(metadata.issuer)}, but auth-issuer is ${JSON.stringify(this.issuer)}; they must be the same, character by character`,
        );
      } catch (error) {
        // What the first one says counts, unless it only is not there.
        if (failure === undefined || isMissing(failure)) failure = error;
      }
    }
    throw failure;
  }

  /** Keys and verdicts must not come over a connection that anybody can change. */
  #checked(url: string): string {
    if (!URL.canParse(url) || new URL(url).protocol !== new URL(this.issuer).protocol)
      throw new AuthorizationServerError(
        `${JSON.stringify(url)} in the metadata of ${this.issuer} must be a URL with the same scheme`,
      );
    return url;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof AuthorizationServerError && error.status === 404;
}

/** RFC 8414, section 3.1; OpenID Connect Discovery 1.0, section 4; and what many servers have instead. */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    ...new Set([
      `${origin}/.well-known/oauth-authorization-server${path}`,
      `${origin}/.well-known/openid-configuration${path}`,
      `${origin}${path}/.well-known/openid-configuration`,
    ]),
  ];
}
