import type { ClientCertificates } from './client-certificates.js';
import type { TlsCredentials } from './tls-credentials.js';

/** What a listener needs to speak TLS. */
export interface ListenerTls {
  readonly credentials: TlsCredentials;
  /** Whom the certificates of its clients name; `undefined`: clients are not asked for one. */
  readonly clients: ClientCertificates | undefined;
}
