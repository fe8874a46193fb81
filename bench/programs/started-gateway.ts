/** The gateway with a catalogue, as a process of its own. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StartedPeer, withStarted } from '../peers/started-peer.js';
import { withTemporaryFolder } from '../peers/temporary-folder.js';

const COMMAND = fileURLToPath(new URL('../../src/bin.cjs', import.meta.url));

export interface StartedGateway extends StartedPeer {
  /** Where one of its servers is served. */
  endpoint(server: string): URL;
  /** In which it makes its temporary folders, those of its sessions' processes among them. */
  readonly temporaryFolder: string;
}

/** What differs from its defaults. */
export interface GatewaySettings {
  /** Of the config file. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly nodeFlags?: readonly string[];
}

/**
 * Runs one measurement against a gateway that has default options, except for ports and logs. When it returns, all processes of
 * the gateway have ended.
 * @param folder where the packages of entries are looked up: in its `node_modules` and in those above it
 * @param servers returns the catalogue. The environment of each entry must have the given mark, by which processes are found
 */
export function withGateway<Result>(
  folder: string,
  servers: (mark: string) => Readonly<Record<string, object>>,
  measure: (gateway: StartedGateway) => Promise<Result>,
  { options = {}, nodeFlags = [] }: GatewaySettings = {},
): Promise<Result> {
  return withTemporaryFolder((own) => {
    const mark = randomUUID();
    const temporaryFolder = join(own, 't');
    mkdirSync(temporaryFolder);
    mkdirSync(folder, { recursive: true });
    const config = join(folder, `bulkhead-${mark}.json`);
    writeFileSync(
      config,
      JSON.stringify({ adminPort: 0, logLevel: 'silent', ...options, servers: servers(mark) }),
    );
    return withStarted(
      {
        args: (port) => [...nodeFlags, COMMAND, 'serve', '--config', config, '--port', String(port)],
        cwd: folder,
        // Learned lists must not carry over to the next measurement.
        env: { TMPDIR: temporaryFolder, XDG_CACHE_HOME: temporaryFolder },
      },
      (started) =>
        measure({
          ...started,
          temporaryFolder,
          endpoint: (server) => new URL(`/${server}/mcp`, started.url),
        }),
      mark,
    ).finally(() => rmSync(config));
  });
}
