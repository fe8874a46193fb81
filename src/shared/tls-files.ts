/** The files of a listener's TLS: its certificate with its chain, its private key, and the authorities of its clients. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { messageOf } from './errors.js';

/** Paths of both listeners' files. */
export interface TlsOptions {
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsClientCa: string | undefined;
  readonly adminTlsCert: string | undefined;
  readonly adminTlsKey: string | undefined;
  readonly adminTlsClientCa: string | undefined;
}

export interface TlsPaths {
  readonly cert: string;
  readonly key: string;
  /** Without it, clients are not asked for a certificate. */
  readonly clientCa: string | undefined;
}

/** As the options are called, without `tls-` or `admin-tls-`. */
export type TlsPart = 'cert' | 'key' | 'client-ca';

export class TlsFileError extends Error {
  override readonly name = 'TlsFileError';
  /** Which of the files is at fault. */
  readonly part: TlsPart;

  /** @param message the end of a sentence */
  constructor(part: TlsPart, message: string) {
    super(message);
    this.part = part;
  }
}

export interface TlsFiles {
  /** What `node:tls` needs of them. */
  readonly context: SecureContextOptions;
  /** The listener's own certificate. */
  readonly certificate: X509Certificate;
  /** SHA-256 of each authority of clients, as `fingerprint256` has it. */
  readonly authorities: ReadonlySet<string>;
}

/** Far more than any chain has. */
const MAX_BYTES = 2 ** 20;
const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;

/**
 * Reads and checks them: what this returns, a server can use.
 * @throws {TlsFileError}
 */
export function readTlsFiles({ cert, key, clientCa }: TlsPaths): TlsFiles {
  const certText = read('cert', cert);
  const [certificate, ...chain] = certificatesIn('cert', certText);
  const keyText = read('key', key);
  const privateKey = privateKeyIn(keyText);
  if (certificate === undefined || !certificate.checkPrivateKey(privateKey)) {
    const isLater = chain.some((one) => one.checkPrivateKey(privateKey));
    throw isLater
      ? new TlsFileError('cert', 'the certificate that belongs to the key must be the first one in it')
      : new TlsFileError('key', `it does not belong to the certificate in ${cert}`);
  }
  const caText = clientCa === undefined ? undefined : read('client-ca', clientCa);
  const authorities = caText === undefined ? [] : certificatesIn('client-ca', caText);
  const context: SecureContextOptions = {
    cert: certText,
    key: keyText,
    ...(caText !== undefined && { ca: caText }),
    minVersion: 'TLSv1.2',
  };
  try {
    createSecureContext(context);
  } catch (error) {
    // Such as a key that is too short.
    throw new TlsFileError('cert', messageOf(error));
  }
  return { context, certificate, authorities: new Set(authorities.map((one) => one.fingerprint256)) };
}

/** Why clients will refuse the certificate at this time, as the end of a sentence. */
export function validityProblem(
  { validFrom, validTo }: X509Certificate,
  nowMs = Date.now(),
): string | undefined {
  if (nowMs > Date.parse(validTo)) return `it has expired at ${isoTime(validTo)}`;
  return nowMs < Date.parse(validFrom) ? `it is not valid before ${isoTime(validFrom)}` : undefined;
}

/** OpenSSL writes `Nov 30 20:00:00 2026 GMT`. */
export function isoTime(written: string): string {
  const ms = Date.parse(written);
  return Number.isNaN(ms) ? written : new Date(ms).toISOString();
}

function read(part: TlsPart, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new TlsFileError(part, `it cannot be read: ${messageOf(error)}`);
  }
  if (text.length > MAX_BYTES) throw new TlsFileError(part, 'it is larger than 1 MiB');
  return text;
}

function* blocksIn(text: string): Generator<string> {
  for (let begin = text.indexOf(BEGIN); begin !== -1; ) {
    const end = text.indexOf(END, begin);
    if (end === -1) return;
    yield text.slice(begin, end + END.length);
    begin = text.indexOf(BEGIN, end);
  }
}

function certificatesIn(part: TlsPart, text: string): readonly X509Certificate[] {
  const blocks = [...blocksIn(text)];
  if (blocks.length === 0) throw new TlsFileError(part, `it has no certificate in PEM (${BEGIN})`);
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      // OpenSSL's own message is about a decoder that its readers do not know.
      const which = blocks.length === 1 ? 'its certificate' : `certificate ${index + 1} of ${blocks.length}`;
      throw new TlsFileError(part, `${which} cannot be decoded`);
    }
  });
}

function privateKeyIn(text: string): KeyObject {
  if (!PRIVATE_KEY.test(text))
    throw new TlsFileError('key', 'it has no private key in PEM (-----BEGIN PRIVATE KEY-----)');
  try {
    return createPrivateKey(text);
  } catch (error) {
    const isEncrypted =
      (error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE' || text.includes('ENCRYPTED');
    throw new TlsFileError(
      'key',
      isEncrypted ? 'its key is encrypted, but must be without a passphrase' : 'its key cannot be decoded',
    );
  }
}
