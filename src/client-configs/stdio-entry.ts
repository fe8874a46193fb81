/** A client's entry for a command, converted to the gateway's entry for the same command. */
import { isAbsolute, join } from 'node:path';
import { USUAL_VARIABLES } from '../servers/server-environment.js';
import { type Fields, isFields } from '../shared/fields.js';
import type { Client, ServerMap } from './client.js';
import { type EntryTexts, secretsOf } from './secrets.js';
import { VariableTranslator } from './variables.js';

/** An entry of `servers` in the gateway's file. */
export interface ServerConfig {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly inheritEnv?: readonly string[];
}

export type EntryReading =
  | {
      readonly kind: 'stdio';
      readonly server: ServerConfig;
      readonly secrets: readonly string[];
      /** Variables of the environment that it refers to without a default. */
      readonly required: readonly string[];
      /** Sentences about differences from the client's entry. */
      readonly notes: readonly string[];
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** `.`, `..`, `./x`, `--root=../x`. */
const RELATIVE_PATH = /(?:^|=)\.{1,2}(?:[\\/]|$)/;

/** Converts one entry; no variable in it is expanded. */
export function readEntry(client: Client, map: ServerMap, value: unknown, home: string): EntryReading {
  if (!isFields(value)) return refused('it is not an object');
  const remote = remoteKind(value);
  if (remote !== undefined) return refused(remote);
  const shape = shapeProblem(value);
  if (shape !== undefined) return refused(shape);
  const special = client.refusal?.(value);
  if (special !== undefined) return refused(special);

  const translator = new VariableTranslator(client.syntax, { home, folder: map.folder });
  const command = translator.translate(String(value.command));
  const args = ((value.args ?? []) as string[]).map((argument) => translator.translate(argument));
  const env = environmentOf(value.env, translator);
  const cwd = client.usesCwd && typeof value.cwd === 'string' ? translator.translate(value.cwd) : undefined;
  if (translator.refusal !== undefined) return refused(translator.refusal);

  const folder = cwd === undefined ? map.folder : absoluteFolder(cwd, map.folder);
  if (folder === undefined) {
    const relative = cwd ?? [command, ...args].find((text) => RELATIVE_PATH.test(text));
    if (relative !== undefined) {
      return refused(
        `${JSON.stringify(relative)} is relative to the folder in which ${client.title} was started, which the gateway does not know: configure the server in the project, or write an absolute path`,
      );
    }
  }
  const texts: EntryTexts = { args, env };
  const inherited = [...new Set([...translator.names, ...namesForContainers(command, args)])].filter(
    (variable) => !USUAL_VARIABLES.includes(variable) && !(variable in env),
  );
  const server: ServerConfig = {
    command,
    ...(args.length > 0 && { args }),
    ...(Object.keys(env).length > 0 && { env }),
    ...(folder !== undefined && { cwd: folder }),
    ...(inherited.length > 0 && { inheritEnv: inherited.sort() }),
  };
  const notes = [...translator.literals].map(
    (literal) =>
      `${literal} is text to ${client.title}; the gateway puts the variable's value there where it is set.`,
  );
  if (!client.usesCwd && typeof value.cwd === 'string') {
    notes.push(`${client.title} ignores the entry's "cwd"; it is left out.`);
  }
  return { kind: 'stdio', server, secrets: secretsOf(texts), required: [...translator.required], notes };
}

function refused(reason: string): EntryReading {
  return { kind: 'refused', reason };
}

function remoteKind({ type, url, serverUrl, httpUrl, command }: Fields): string | undefined {
  if (type !== undefined && type !== 'stdio') {
    const known = ['http', 'sse', 'ws', 'streamable-http', 'streamableHttp'].includes(String(type));
    return known ? `it is remote already (${String(type)})` : `its type ${JSON.stringify(type)} is not known`;
  }
  const address = url ?? serverUrl ?? httpUrl;
  if (address === undefined) return undefined;
  return command === undefined ? 'it is remote already' : 'it has both a command and a url';
}

function shapeProblem({ command, args, env }: Fields): string | undefined {
  if (typeof command !== 'string' || command === '') return 'it has no "command"';
  if (args !== undefined && !(Array.isArray(args) && args.every((item) => typeof item === 'string'))) {
    return 'its "args" are not an array of strings';
  }
  if (env === undefined || env === null) return undefined;
  const isEnvironment =
    isFields(env) &&
    Object.values(env).every(
      (value) => value === null || ['string', 'number', 'boolean'].includes(typeof value),
    );
  return isEnvironment ? undefined : 'its "env" is not an object of strings';
}

/** `null` removes a variable, which the gateway's small environment does not have anyway. */
function environmentOf(env: unknown, translator: VariableTranslator): Record<string, string> {
  const pairs = Object.entries(isFields(env) ? env : {}).filter(([, value]) => value !== null);
  return Object.fromEntries(pairs.map(([name, value]) => [name, translator.translate(String(value))]));
}

function absoluteFolder(cwd: string, folder: string | undefined): string | undefined {
  if (isAbsolute(cwd) || cwd.startsWith('${')) return cwd;
  return folder === undefined ? undefined : join(folder, cwd);
}

/** `docker run -e NAME` passes on a variable of docker's own environment. */
function namesForContainers(command: string, args: readonly string[]): string[] {
  if (!/(?:^|[\\/])(?:docker|podman|nerdctl)(?:\.exe)?$/.test(command)) return [];
  const names = args.map((argument, index) => {
    const inline = /^--env=(.*)$/s.exec(argument)?.[1];
    return inline ?? (argument === '-e' || argument === '--env' ? args[index + 1] : undefined);
  });
  return names.filter((name): name is string => name !== undefined && /^[A-Za-z_]\w*$/.test(name));
}
