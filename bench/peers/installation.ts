/** Puts the peers beside the project, and says what is there. */
import { fileURLToPath } from 'node:url';
import { VERSION } from '../../src/version.js';
import { installInto, versionIn } from '../installation.js';
import { type Peer, PREFIX } from './peers.js';

/** The sources: `package.json`, its lock file and the servers, none of which is compiled. */
const SOURCES = fileURLToPath(new URL('../../../bench/peers/servers/', import.meta.url));

/** @throws when npm fails. */
export function install(progress: (message: string) => void): Promise<void> {
  return installInto(PREFIX, SOURCES, progress);
}

/** Of what is installed, not of what was asked for. */
export function versionOf({ package: name }: Peer): string {
  return name === undefined ? VERSION : versionIn(PREFIX, name);
}
