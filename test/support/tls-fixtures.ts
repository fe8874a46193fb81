/** Certificates and keys that tests only read; those of no use to anybody else. */
import { join } from 'node:path';
import { projectRoot } from './project.js';

export type TlsFixture =
  /** Of `localhost`, valid for a hundred years. */
  | 'certificate.pem'
  | 'key.pem'
  /** The same key, with a passphrase. */
  | 'encrypted-key.pem'
  /** With the same key, of 2020. */
  | 'expired.pem'
  | 'other-certificate.pem'
  | 'other-key.pem';

export function tlsFixture(name: TlsFixture): string {
  return join(projectRoot, 'test', 'fixtures', 'tls', name);
}
