/** Access tokens that are signed JSON Web Tokens (RFC 9068): checked by the keys of the authorization server. */
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Fields } from '../../shared/fields.js';
import { type AccessToken, accessTokenOf, LEEWAY_SECONDS, TokenRefused } from './access-token.js';
import type { Issuer } from './issuer.js';

/** Of public keys only: with a symmetric one, whoever can check a token could make one. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Of an access token, or left unsaid. Others, such as those of a logout or of a proof of possession, are for other uses. */
const TYPES: readonly unknown[] = [undefined, 'at+jwt', 'application/at+jwt', 'jwt'];

const SHAPE = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Whether it looks like a JSON Web Token. */
export function isSigned(token: string): boolean {
  return SHAPE.test(token);
}

/** What it says of its issuer, before anything is checked. */
export function issuerIn(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    // Not JSON: it looked like a token, and is none.
    return undefined;
  }
}

/**
 * @throws {TokenRefused} if it is wrong
 * @throws {AuthorizationServerError} if the keys that it needs cannot be had
 */
export async function verifySigned(
  token: string,
  issuer: Issuer,
  shownClaims: readonly string[],
): Promise<AccessToken> {
  const claims = await verified(token, issuer);
  return accessTokenOf({ kind: 'jwt', issuer: issuer.issuer, claims, shownClaims });
}

async function verified(token: string, issuer: Issuer): Promise<Fields> {
  const check = async (keys: Awaited<ReturnType<Issuer['keys']>>): Promise<JWTPayload> => {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: issuer.issuer,
      algorithms: ALGORITHMS,
      clockTolerance: LEEWAY_SECONDS,
      requiredClaims: ['exp', 'aud'],
    });
    if (!TYPES.includes(protectedHeader.typ?.toLowerCase()))
      throw new TokenRefused('The token is not an access token: its header has another typ.');
    return payload;
  };
  try {
    return await check(await issuer.keys());
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw readable(error);
  }
  // The key may be newer than the set that is known.
  const newer = await issuer.newerKeys();
  try {
    return await check(newer);
  } catch (error) {
    throw readable(error);
  }
}

/** The client is told what is wrong with its token, and not what a key set has. */
function readable(error: unknown): unknown {
  if (!(error instanceof errors.JOSEError)) return error;
  return new TokenRefused(sentenceFor(error));
}

function sentenceFor(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'The access token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    if (claim === 'nbf' && reason === 'check_failed') return 'The access token is not valid yet.';
    if (reason === 'missing') return `The access token has no claim ${claim}.`;
    return `The access token has a wrong claim ${claim}.`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'The access token is signed by an algorithm that is not accepted here.';
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'The access token is signed by a key that its authorization server does not have.';
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return 'The signature of the access token is wrong.';
  return 'The access token cannot be read.';
}
