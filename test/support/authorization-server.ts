/** The authorization server of tests, in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import {
  type AuthorizationServerOptions,
  GATEWAY_CLIENT,
  MACHINE_CLIENT,
} from '../fixtures/oauth/authorization-server-options.js';

const PROGRAM = fileURLToPath(new URL('../fixtures/oauth/authorization-server.js', import.meta.url));

export interface SigningKey {
  readonly id: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function signingKey(id: string): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: id, alg: 'RS256', use: 'sig' };
  return { id, privateKey, jwk };
}

export type ServerTraits = Partial<Omit<AuthorizationServerOptions, 'jwks' | 'port'>>;

export class AuthorizationServer {
  readonly #traits: ServerTraits;
  #child: ChildProcess | undefined;
  #keys: readonly SigningKey[] = [];
  #issuer = '';

  constructor(traits: ServerTraits = {}) {
    this.#traits = traits;
  }

  get issuer(): string {
    return this.#issuer;
  }

  /** Its options for a gateway that also asks it about opaque tokens. */
  get introspection() {
    return { authClientId: GATEWAY_CLIENT.id, authClientSecret: GATEWAY_CLIENT.secret };
  }

  get key(): SigningKey {
    return this.#keys[0]!;
  }

  /** After `stop`, it comes back at the same address. */
  async start(...keys: readonly SigningKey[]): Promise<void> {
    this.#keys = keys.length > 0 ? keys : [await signingKey('first')];
    const child = fork(PROGRAM, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.#child = child;
    child.send({
      port: this.#issuer === '' ? 0 : Number(new URL(this.#issuer).port),
      jwks: { keys: this.#keys.map(({ jwk }) => jwk) },
      accessTokenFormat: 'jwt',
      accessTokenSeconds: 600,
      scopes: ['read', 'write'],
      ...this.#traits,
    } satisfies AuthorizationServerOptions);
    const [message] = await once(child, 'message');
    this.#issuer = (message as { issuer: string }).issuer;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** A token for a client that acts for itself, as the server issues it. */
  async issue(resource: string, scope = 'read'): Promise<string> {
    const { id, secret } = MACHINE_CLIENT;
    const answer = await this.#post(
      '/token',
      { grant_type: 'client_credentials', resource, scope },
      id,
      secret,
    );
    return String(answer.access_token);
  }

  async revoke(token: string): Promise<void> {
    const { id, secret } = MACHINE_CLIENT;
    await this.#post('/token/revocation', { token }, id, secret);
  }

  /** A token that is signed by this key, whatever it says. */
  async sign(claims: JWTPayload, { header = {}, key = this.key }: SignOptions = {}): Promise<string> {
    const seconds = Math.floor(Date.now() / 1_000);
    return new SignJWT({ iss: this.#issuer, sub: 'ada', iat: seconds, exp: seconds + 600, ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.id, ...header })
      .sign(key.privateKey);
  }

  async #post(
    path: string,
    form: Readonly<Record<string, string>>,
    id: string,
    secret: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const response = await fetch(this.#issuer + path, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
        connection: 'close',
      },
      body: new URLSearchParams(form),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  }
}

interface SignOptions {
  readonly header?: { readonly alg?: string; readonly typ?: string; readonly kid?: string };
  readonly key?: SigningKey;
}

/** One server for all tests of a `describe`. @returns a function that returns it inside a test */
export function sharedAuthorizationServer(traits: ServerTraits = {}): () => AuthorizationServer {
  const server = new AuthorizationServer(traits);
  before('start the authorization server', () => server.start());
  after('stop the authorization server', () => server.stop());
  return () => server;
}
