import type { Script } from 'node:vm';
import type { ServerDefinition } from '../../src/shared/define-server.js';
import { type Fields, isFields } from '../../src/shared/fields.js';
import type { ModuleTraits } from '../../src/shared/frames/from-worker.js';
import { didYouMean } from '../../src/shared/nearest.js';
import { AFFINITIES, type Affinity } from '../../src/shared/session-context.js';
import type { ModuleText, ModuleThreadData } from '../../src/shared/thread-start.js';
import type { TranspiledFiles } from '../../src/shared/typescript/transpile.js';
import { compiledText } from '../module-text.js';
import { importModule } from './import-module.js';
import { keepForeignDescriptions } from './sdk1/schema-descriptions.js';

/** The module was loaded, but it does not export a server definition. */
export class ServerModuleError extends Error {
  override readonly name = 'ServerModuleError';
}

/**
 * Imports the server module and checks its default export.
 * @throws {ServerModuleError} if it is not a definition; whatever the module's own code throws, unchanged
 */
export async function loadServerModule(data: ModuleThreadData): Promise<ServerDefinition> {
  if (data.moduleUrl === undefined) {
    // Loaded only when it is served: it needs parts of Node that take long to load.
    const builtin = require('../environment/index.js') as typeof import('../environment/index.js');
    return builtin.environmentServer(data.environment);
  }
  keepForeignDescriptions();
  const exported =
    data.moduleText === undefined
      ? await imported(data.moduleUrl, data.transpiled)
      : await evaluated(data.moduleUrl, data.moduleText, data.codeCaches?.module);
  // In a CommonJS module, or one that was transpiled to it, the default export is one level deeper.
  const definition =
    isFields(exported) && !isDefinition(exported) && 'default' in exported ? exported.default : exported;
  assertDefinition(definition);
  return definition;
}

async function imported(moduleUrl: string, transpiled: TranspiledFiles | undefined): Promise<unknown> {
  if (transpiled !== undefined) {
    const hooks = require('./typescript-hooks.cjs') as typeof import('./typescript-hooks.js');
    hooks.loadTypeScript(transpiled);
  }
  return ((await importModule(moduleUrl)) as { default?: unknown }).default;
}

let script: Script | undefined;

async function evaluated(
  moduleUrl: string,
  text: ModuleText,
  codeCache: Uint8Array | undefined,
): Promise<unknown> {
  const compiled = compiledText(text, codeCache);
  script = compiled.script;
  const module = { exports: {} as { default?: unknown } };
  await compiled.run(moduleUrl, module);
  return module.exports.default;
}

/** V8's code cache of the bundle, with what has been compiled so far; `undefined` without a bundle. */
export function moduleCodeCache(): Uint8Array | undefined {
  return script?.createCachedData();
}

/** Whether V8 refused the code cache. */
export function moduleCodeCacheRejected(): boolean {
  return script?.cachedDataRejected === true;
}

function assertDefinition(value: unknown): asserts value is ServerDefinition {
  if (!isFields(value)) {
    const what = value === undefined ? 'it has no default export' : 'its default export is no object';
    throw new ServerModuleError(`${what}; export default defineServer({ name, version, setup })`);
  }
  for (const key of Object.keys(value)) {
    if (FIELDS.has(key)) continue;
    const meant = didYouMean(key, FIELDS);
    throw new ServerModuleError(
      `its default export has an unknown field "${key}"${meant || '; leave it out'}`,
    );
  }
  if (value.createServer === undefined) assertSetup(value);
  else assertCreateServer(value);
  for (const [key, isRight, right] of TRAITS) {
    if (value[key] !== undefined && !isRight(value[key])) {
      throw new ServerModuleError(`its default export has a wrong \`${key}\`; it must be ${right}`);
    }
  }
}

function assertSetup(value: Fields): void {
  if (typeof value.setup !== 'function') {
    throw new ServerModuleError(
      'its default export has no `setup` function; give it setup(server, session), or createServer(session)',
    );
  }
  for (const key of ['name', 'version'] as const) {
    if (typeof value[key] !== 'string' || value[key] === '') {
      throw new ServerModuleError(
        `its default export has no \`${key}\`; it is shown to clients, so set it to a text`,
      );
    }
  }
}

function assertCreateServer(value: Fields): void {
  if (value.setup !== undefined) {
    throw new ServerModuleError(
      'its default export has both `setup` and `createServer`; leave one of them out',
    );
  }
  if (typeof value.createServer !== 'function') {
    throw new ServerModuleError('its default export has a `createServer` that is no function');
  }
  const own = OF_THE_SERVER.find((key) => value[key] !== undefined);
  if (own !== undefined) {
    throw new ServerModuleError(
      `its default export has \`createServer\` and \`${own}\`; the server that it creates has its own, so leave it out`,
    );
  }
}

/** What a definition with `setup` says of the server that the gateway makes. */
const OF_THE_SERVER = ['name', 'version', 'title', 'instructions', 'options'] as const;

const TRAITS: readonly (readonly [key: string, isRight: (value: unknown) => boolean, right: string])[] = [
  ['lists', (value) => value === 'static', "'static', or leave it out"],
  [
    'affinity',
    (value) => AFFINITIES.includes(value as Affinity),
    `one of ${AFFINITIES.map((name) => `'${name}'`).join(', ')}, or leave it out`,
  ],
  ['reuse', (value) => typeof value === 'boolean', 'true or false'],
  ['sleep', (value) => typeof value === 'boolean', 'true or false'],
  ['onSleep', (value) => typeof value === 'function', 'a function, or leave it out'],
];

/** What the main thread has to know about the module. */
export function traitsOf({ lists, sleep, affinity, reuse }: ServerDefinition): ModuleTraits {
  return { staticLists: lists === 'static', sleeps: sleep !== false, affinity, reuse };
}

const FIELDS: ReadonlySet<string> = new Set([
  ...OF_THE_SERVER,
  ...TRAITS.map(([key]) => key),
  'setup',
  'createServer',
]);

function isDefinition(value: Fields): boolean {
  return 'setup' in value || 'createServer' in value;
}
