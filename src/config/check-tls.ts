/** What options of TLS mean only together, and what their files contain. */
import {
  readTlsFiles,
  TlsFileError,
  type TlsOptions,
  type TlsPart,
  type TlsPaths,
} from '../shared/tls-files.js';
import { optionError } from './option-error.js';
import type { OptionName } from './option-table.js';

type Prefix = 'tls-' | 'admin-tls-';

/**
 * @param label what a message calls an option
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` with one sentence
 */
export function checkTls(options: TlsOptions, label: (name: OptionName) => string): void {
  const { tlsCert, tlsKey, tlsClientCa, adminTlsCert, adminTlsKey, adminTlsClientCa } = options;
  checkFiles('tls-', { cert: tlsCert, key: tlsKey, 'client-ca': tlsClientCa }, label);
  checkFiles('admin-tls-', { cert: adminTlsCert, key: adminTlsKey, 'client-ca': adminTlsClientCa }, label);
}

function checkFiles(
  prefix: Prefix,
  paths: Readonly<Record<TlsPart, string | undefined>>,
  label: (name: OptionName) => string,
): void {
  const { cert, key, 'client-ca': clientCa } = paths;
  if (cert === undefined || key === undefined) {
    if (clientCa !== undefined)
      throw optionError(
        `${label(`${prefix}client-ca`)} is set, but has no effect without ${prefix}cert and ${prefix}key.`,
      );
    if (cert === key) return;
    const [given, missing] = cert === undefined ? (['key', 'cert'] as const) : (['cert', 'key'] as const);
    throw optionError(
      `${label(`${prefix}${given}`)} is set, but ${prefix}${missing} is not: they belong together.`,
    );
  }
  checkContents(prefix, { cert, key, clientCa }, paths, label);
}

function checkContents(
  prefix: Prefix,
  files: TlsPaths,
  paths: Readonly<Record<TlsPart, string | undefined>>,
  label: (name: OptionName) => string,
): void {
  try {
    readTlsFiles(files);
  } catch (error) {
    if (!(error instanceof TlsFileError)) throw error;
    const { part, message } = error;
    throw optionError(
      `${label(`${prefix}${part}`)} is ${JSON.stringify(paths[part])}, but cannot be used: ${message}.`,
    );
  }
}
