/** Authorities and certificates, made by `openssl` in a folder of their own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Paths of two files in PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Wanted {
  /** The subjectAltName, as `openssl` writes it. */
  readonly names?: string;
  /** Until it expires; below 0: it has. */
  readonly days?: number;
}

const OF_SERVERS = 'DNS:localhost,IP:127.0.0.1';

export class Certificates {
  readonly folder = mkdtempSync(join(tmpdir(), 'bulkhead-certificates-'));
  #made = 0;

  authority(name: string): Pair {
    const pair = this.#paths();
    openssl('req', '-x509', ...this.#newKey(pair, name), '-days', '2', '-out', pair.cert);
    return pair;
  }

  /** Of a server on this machine. */
  server(authority: Pair, name: string, wanted: Wanted = {}): Pair {
    return this.issue(authority, name, { names: OF_SERVERS, ...wanted });
  }

  issue(authority: Pair, name: string, { names, days = 2 }: Wanted = {}): Pair {
    const pair = this.#paths();
    const request = `${pair.cert}.request`;
    const extensions = `${pair.cert}.extensions`;
    openssl('req', '-new', ...this.#newKey(pair, name), '-out', request);
    writeFileSync(extensions, names === undefined ? '' : `subjectAltName=${names}\n`);
    const signed = ['-CA', authority.cert, '-CAkey', authority.key, '-set_serial', String(this.#made)];
    openssl(
      'x509',
      '-req',
      '-in',
      request,
      ...signed,
      '-extfile',
      extensions,
      '-days',
      String(days),
      '-out',
      pair.cert,
    );
    return pair;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #paths(): Pair {
    this.#made += 1;
    return { cert: this.path(`${this.#made}.pem`), key: this.path(`${this.#made}.key`) };
  }

  #newKey({ key }: Pair, name: string): string[] {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    return [...curve, '-nodes', '-keyout', key, '-subj', `/CN=${name.replaceAll('/', '\\/')}`];
  }
}

export function contents({ cert, key }: Pair): { readonly cert: Buffer; readonly key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
