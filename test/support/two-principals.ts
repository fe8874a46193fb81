/** Two principals at one gateway, and what one of them is told of what belongs to the other. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { digestOf } from '../../src/auth/bearer.js';
import { createGateway } from '../../src/index.js';
import { withDeadline } from './deadline.js';
import { type Gateway, type GatewayOptions, withDefaults } from './gateway.js';
import { fixtureModule, joined } from './modules.js';
import { RawClient, type RawResponse } from './raw-client.js';

export type Who = 'ada' | 'bob';

const KILL_DEADLINE_MS = 30_000;
const SESSION_ID_BYTES = 24;
const STATE_PREFIX = 'bulkhead1.';

export function tokenOf(who: Who): string {
  return `the-token-of-${who}`;
}

/**
 * A gateway for all tests of a `describe`, where ada and bob have tokens. It serves the fixture `belongings` at `/own`, with
 * affinity `principal`, at `/handles`, and at `/each`, with affinity `request`.
 */
export function gatewayOfTwo(options: Partial<GatewayOptions> = {}): () => Gateway {
  let gateway: Gateway | undefined;
  let folder: string | undefined;
  before('start the gateway', async () => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-test-'));
    const tokensFile = join(folder, 'tokens.txt');
    const lines = (['ada', 'bob'] as const).map(
      (who) => `${who} ${digestOf(tokenOf(who)).toString('hex')}\n`,
    );
    writeFileSync(tokensFile, lines.join(''));
    const module = fileURLToPath(joined(fixtureModule('belongings')));
    const servers = {
      own: { module, affinity: 'principal' },
      handles: { module, affinity: 'handle' },
      each: { module, affinity: 'request' },
    } as const;
    // A stream that has begun looks different: no answer takes this long.
    const all = { serverModule: undefined, servers, tokensFile, sseAfter: '10s', ...options };
    gateway = await createGateway(withDefaults(all));
  });
  after('kill the gateway', async () => {
    const running = gateway;
    gateway = undefined;
    if (running !== undefined) await withDeadline(running.kill(), 'gateway.kill()', KILL_DEADLINE_MS);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (gateway === undefined) throw new Error('The gateway runs only while a test does.');
    return gateway;
  };
}

/** A client with the token of one of them, which the caller destroys. */
export function clientOf(gateway: Gateway, who: Who, path = '/own/mcp'): RawClient {
  const headers = { authorization: `Bearer ${tokenOf(who)}` };
  return new RawClient(new URL(path, gateway.url), { headers });
}

/** The id of no session, and a handle of none. */
export function unknownId(): string {
  return randomBytes(SESSION_ID_BYTES).toString('base64url');
}

/** A `requestState` that the gateway has not issued, as long as this one. */
export function unknownState(state: string): string {
  const { length } = Buffer.from(state.slice(STATE_PREFIX.length), 'base64url');
  return STATE_PREFIX + randomBytes(length).toString('base64url');
}

/** A text of the same length that names nothing. */
export function unknownText(text: string): string {
  return randomBytes(text.length).toString('hex').slice(0, text.length);
}

/** A response as its client sees it, but for the moment and the identifiers that the client has sent itself. */
export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export async function toldIn(response: RawResponse, identifiers: readonly string[]): Promise<Told> {
  return without(response, await response.text(), identifiers);
}

/** @param body what came of it, if it does not end */
export function without(response: RawResponse, body: string, identifiers: readonly string[]): Told {
  const { date: _, ...headers } = response.headers;
  let text = JSON.stringify({ status: response.status, headers, body });
  for (const identifier of identifiers) text = text.replaceAll(identifier, '(identifier)');
  return JSON.parse(text) as Told;
}

/** Bob is told the same in both cases, and nothing of ada. */
export function expectNothingGiven(known: Told, unknown: Told, what: string): void {
  expect(known, what).to.deep.equal(unknown);
  expect(JSON.stringify(known), what).not.to.match(/\bada\b/i);
}
