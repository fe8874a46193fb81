/** What the listeners need to speak TLS, as the options say. */
import { BulkheadError, messageOf } from '../shared/errors.js';
import type { TlsOptions } from '../shared/tls-files.js';
import type { GatewayEmitter } from '../telemetry/events.js';
import { ClientCertificates } from './client-certificates.js';
import { TlsCredentials } from './tls-credentials.js';

interface CreateTlsOptions extends TlsOptions {
  readonly token: string | undefined;
}

export interface ListenerTls {
  readonly credentials: TlsCredentials;
  /** Whom the certificates of its clients name; `undefined`: clients are not asked for one. */
  readonly clients: ClientCertificates | undefined;
}

/** A listener that speaks plain HTTP has none. */
export interface ListenersTls {
  readonly mcp: ListenerTls | undefined;
  readonly admin: ListenerTls | undefined;
  /** Reads all files again. */
  reload(): void;
  close(): void;
}

/**
 * @param hasOtherWays whether clients of the MCP listener may have another credential than a certificate
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` if a file has changed since the options were checked, and cannot be used
 */
export function createTls(
  options: CreateTlsOptions,
  events: GatewayEmitter,
  hasOtherWays: boolean,
): ListenersTls {
  const { token, tlsCert, tlsKey, tlsClientCa, adminTlsCert, adminTlsKey, adminTlsClientCa } = options;
  const opened: TlsCredentials[] = [];
  const close = (): void => {
    for (const credentials of opened) credentials.close();
  };
  const open = (
    prefix: 'tls-' | 'admin-tls-',
    cert: string | undefined,
    key: string | undefined,
    clientCa: string | undefined,
    isOnlyWay: boolean,
  ): ListenerTls | undefined => {
    if (cert === undefined || key === undefined) return undefined;
    const credentials = new TlsCredentials({ paths: { cert, key, clientCa }, prefix, events });
    opened.push(credentials);
    const { authorities } = credentials.files;
    const clients = clientCa === undefined ? undefined : new ClientCertificates(isOnlyWay, authorities);
    return { credentials, clients };
  };
  try {
    return {
      mcp: open('tls-', tlsCert, tlsKey, tlsClientCa, !hasOtherWays),
      admin: open('admin-tls-', adminTlsCert, adminTlsKey, adminTlsClientCa, token === undefined),
      reload: () => {
        for (const credentials of opened) credentials.reload();
      },
      close,
    };
  } catch (error) {
    close();
    const message = `The files of TLS cannot be used: ${messageOf(error)}.`;
    throw new BulkheadError('ERR_BULKHEAD_OPTION', message, { cause: error });
  }
}
