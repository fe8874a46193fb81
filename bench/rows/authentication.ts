/** What it costs to find out who asks, with an authorization server that serves its metadata and keys from this process. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createAccess } from '../../src/auth/access.js';
import { GatewayEmitter } from '../../src/telemetry/events.js';
import { type BenchSettings, boundedFigure, type Figure, type Row } from '../figure.js';

const TITLE = 'authentication of a request: processor';
const RESOURCE = 'http://127.0.0.1:3000';

const NOTHING = {
  token: undefined,
  tokensFile: undefined,
  authIssuer: undefined,
  authClientId: undefined,
  authClientSecret: undefined,
  authAudience: undefined,
  authClaims: undefined,
  authScopes: undefined,
  tlsCert: undefined,
  tlsKey: undefined,
  tlsClientCa: undefined,
  adminTlsCert: undefined,
  adminTlsKey: undefined,
  adminTlsClientCa: undefined,
  publicUrl: new URL(RESOURCE),
};

export const authentication: Row = {
  name: 'authentication',
  title: TITLE,
  async run({ quick, progress }: BenchSettings): Promise<Figure[]> {
    progress(TITLE);
    const { server, issuer, token } = await authorizationServer();
    const requests = quick ? 20_000 : 200_000;
    try {
      const cost = (options: object, authorization?: string) =>
        microsecondsEach(requests, { ...NOTHING, ...options }, authorization);
      const nobody = await cost({});
      const named = await cost({ token: 'a-token' }, 'Bearer a-token');
      const signed = await cost({ authIssuer: [issuer] }, `Bearer ${token}`);
      return [
        { measure: `${TITLE}, where nobody has to say who it is`, unit: 'µs', bulkhead: [nobody] },
        { measure: `${TITLE}, named token`, unit: 'µs', bulkhead: [named] },
        boundedFigure(`${TITLE}, signed access token that was checked a moment ago`, 'µs', signed, 30),
      ];
    } finally {
      server.close();
    }
  },
};

/** After the first request, whose token is really checked. */
async function microsecondsEach(
  requests: number,
  options: typeof NOTHING,
  authorization: string | undefined,
): Promise<number> {
  const events = new GatewayEmitter();
  const servers = () => [{ name: 'bench' }];
  const {
    authentication: chain,
    resources,
    close,
  } = createAccess({ options, events, hook: undefined, servers });
  const endpoint = resources.endpoint('/mcp', 'bench');
  const request = { headers: authorization === undefined ? {} : { authorization } } as IncomingMessage;
  try {
    for (let warm = 0; warm < 1_000; warm += 1) await chain.authenticate(request, endpoint);
    const before = process.cpuUsage();
    for (let index = 0; index < requests; index += 1) {
      const found = chain.authenticate(request, endpoint);
      if (found instanceof Promise) await found;
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / requests;
  } finally {
    close();
  }
}

async function authorizationServer(): Promise<{ server: Server; issuer: string; token: string }> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' };
  let issuer = '';
  const server = createServer(({ url }, response) => {
    const body = url === '/jwks' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/jwks` };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const seconds = Math.floor(Date.now() / 1_000);
  const token = await new SignJWT({
    iss: issuer,
    sub: 'ada',
    aud: `${RESOURCE}/mcp`,
    scope: 'read',
    exp: seconds + 3_600,
  })
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'bench' })
    .sign(privateKey);
  return { server, issuer, token };
}
