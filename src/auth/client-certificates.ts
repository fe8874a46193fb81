/**
 * The way of client certificates: whoever connects with one that an authority of `tls-client-ca` has issued is whom it
 * names. The server asks for a certificate and lets clients connect without one, because Node would close such a
 * connection without a word: a 401 says what is missing, health checks need none, and other clients may have tokens.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import {
  type Authenticated,
  type AuthenticationRejection,
  type AuthenticationWay,
  type ProtectedEndpoint,
  unauthorized,
} from './authentication.js';
import { bearerToken } from './bearer.js';
import { subjectOf } from './certificate-subject.js';
import { isExpired, type Principal, principalOf } from './principal.js';

/** The issuer of all principals that have a certificate. */
const CERTIFICATE_ISSUER = 'certificate';

/** Whom the certificate of a connection names. */
interface Named {
  readonly principal: Principal;
  /** The fingerprint of the authority at the end of its chain. */
  readonly authority: string;
  /** The authorities of which one has let it in. */
  readonly trusted: ReadonlySet<string>;
}

/** The other: why the certificate counts for nothing, as a sentence. */
type Peer = Named | string;

const NONE = 'This server needs a client certificate: connect with one.';
const EXPIRED = "The client's certificate has expired: connect with a new one.";
const FOREIGN = "The client's certificate was not issued by an authority that this server trusts.";
const DISTRUSTED =
  "The authority of the client's certificate is no longer one that this server trusts: connect again.";
const NAMELESS =
  "The client's certificate names nobody: it needs a URI in its subjectAltName, or one common name.";

/** By OpenSSL's name of the error. */
const REFUSED: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: EXPIRED,
  DEPTH_ZERO_SELF_SIGNED_CERT: FOREIGN,
  SELF_SIGNED_CERT_IN_CHAIN: FOREIGN,
  UNABLE_TO_GET_ISSUER_CERT: FOREIGN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: FOREIGN,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: FOREIGN,
  INVALID_PURPOSE: "The client's certificate is not meant for clients: its extended key usage forbids it.",
};

export class ClientCertificates implements AuthenticationWay {
  readonly #isOnly: boolean;
  /** By connection: a certificate is read once. Those of a server of an embedding program are not known here. */
  readonly #peers = new WeakMap<Socket, Peer>();
  #trusted: ReadonlySet<string>;

  /**
   * @param isOnly whether there is no other way to say who asks
   * @param authorities the fingerprints of those whose certificates count
   */
  constructor(isOnly: boolean, authorities: ReadonlySet<string>) {
    this.#isOnly = isOnly;
    this.#trusted = authorities;
  }

  /** A connection of the listener has completed its handshake. */
  connected(socket: TLSSocket): void {
    const peer = peerOf(socket, this.#trusted);
    if (peer !== undefined) this.#peers.set(socket, peer);
  }

  /**
   * The authorities have changed. A connection that one of the former has let in stays open, but its certificate counts
   * for nothing any more.
   */
  trustOnly(authorities: ReadonlySet<string>): void {
    this.#trusted = authorities;
  }

  authenticate({ socket, headers }: IncomingMessage, endpoint: ProtectedEndpoint): Authenticated | undefined {
    const peer = this.#peers.get(socket);
    const problem = typeof peer === 'object' ? this.#problemOf(peer) : (peer ?? NONE);
    if (typeof peer === 'object' && problem === undefined) return peer.principal;
    if (!this.#isOnly && (peer === undefined || bearerToken(headers.authorization) !== undefined))
      return undefined;
    return refusal(endpoint, problem ?? NONE);
  }

  #problemOf({ principal, authority, trusted }: Named): string | undefined {
    if (isExpired(principal)) return EXPIRED;
    return trusted === this.#trusted || this.#trusted.has(authority) ? undefined : DISTRUSTED;
  }
}

/** Another certificate needs another connection, so this one is of no more use. */
function refusal(endpoint: ProtectedEndpoint, message: string): AuthenticationRejection {
  const rejection = unauthorized(endpoint, message, false);
  return { ...rejection, headers: { ...rejection.headers, connection: 'close' } };
}

/**
 * `authorized` alone is not enough: a session of TLS 1.3 that is resumed is authorized even if its client has never shown
 * a certificate.
 */
function peerOf(socket: TLSSocket, trusted: ReadonlySet<string>): Peer | undefined {
  const certificate = socket.getPeerCertificate(true);
  if (!isCertificate(certificate)) return undefined;
  if (!socket.authorized) {
    const code = String(socket.authorizationError);
    return REFUSED[code] ?? `The client's certificate is not accepted: ${code}.`;
  }
  const subject = subjectOf(certificate);
  const expiresAtMs = Date.parse(certificate.valid_to);
  if (subject === undefined || Number.isNaN(expiresAtMs)) return NAMELESS;
  const principal = principalOf({ kind: 'certificate', issuer: CERTIFICATE_ISSUER, subject, expiresAtMs });
  return { principal, authority: lastOf(certificate).fingerprint256, trusted };
}

/** The issuer of a certificate is absent if it is not known, and of an authority it is the authority itself. */
function lastOf(certificate: DetailedPeerCertificate): DetailedPeerCertificate {
  let last = certificate;
  for (const seen = new Set([last]); isCertificate(last.issuerCertificate); seen.add(last)) {
    if (seen.has(last.issuerCertificate)) break;
    last = last.issuerCertificate;
  }
  return last;
}

/** Without a certificate, Node returns an empty object; on a connection that is closed, `null`. */
function isCertificate(given: DetailedPeerCertificate | null | undefined): given is DetailedPeerCertificate {
  return given !== null && given !== undefined && Object.keys(given).length > 0;
}
