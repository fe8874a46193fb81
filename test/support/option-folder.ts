import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ResolvedOptions, resolveOptions } from '../../src/config/options.js';
import { BulkheadError } from '../../src/shared/errors.js';
import { tlsFixture } from './tls-fixtures.js';

/** The sentence that the call ends with. */
export function sentenceOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).to.be.instanceOf(BulkheadError);
    expect((error as BulkheadError).code).to.equal('ERR_BULKHEAD_OPTION');
    return (error as BulkheadError).message;
  }
  throw new Error('nothing was thrown');
}

/** A value of the option `state-key`. */
export const STATE_KEY: string = Buffer.alloc(32, 7).toString('base64');

/** A folder with `data/`, `link` to it, `server.mjs`, `state.key`, `certificate.pem` and `key.pem`, in which options of each source are resolved. */
export interface OptionFolder {
  readonly path: string;
  fromFlags(flags: Record<string, unknown>): ResolvedOptions;
  fromEnvironment(environment: Record<string, string>): ResolvedOptions;
  /** From `bulkhead.json` with this text, or with this value as JSON. */
  fromFile(content: unknown): ResolvedOptions;
  remove(): void;
}

export function createOptionFolder(): OptionFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'bulkhead-options-')));
  mkdirSync(join(path, 'data'));
  symlinkSync(join(path, 'data'), join(path, 'link'));
  writeFileSync(join(path, 'server.mjs'), 'export default {};\n');
  writeFileSync(join(path, 'tokens.txt'), '# none yet\n');
  writeFileSync(join(path, 'state.key'), `${STATE_KEY}\n`);
  for (const name of ['certificate.pem', 'key.pem'] as const)
    copyFileSync(tlsFixture(name), join(path, name));
  return {
    path,
    fromFlags: (flags) => resolveOptions({ flags, cwd: path }),
    fromEnvironment: (environment) => resolveOptions({ environment, cwd: path }),
    fromFile: (content) => {
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      writeFileSync(join(path, 'bulkhead.json'), text);
      return resolveOptions({ configFile: 'bulkhead.json', cwd: path });
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
