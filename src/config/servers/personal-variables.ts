/**
 * `${principal.sub}`, `${principal.issuer}` and `${secret:NAME}` in the `env` of an entry: values that depend on who the server is
 * started for. They stand beside `${VAR}` of the gateway's environment, and what that is replaced by is never read again: a
 * variable whose value looks like a reference is none.
 */
import type { PersonalVariables, ServerEntry, VariablePart } from '../../servers/server-entry.js';
import { OWN_VARIABLE } from '../../shared/own-variables.js';
import type { CheckedEntry } from './entry-keys.js';
import { type GivenEntry, shown, WrongEntry } from './entry-values.js';
import { isPersonal, REFERENCE, referenceIn } from './variables.js';

const PRINCIPAL_MEMBERS = { sub: 'subject', issuer: 'issuer' } as const;
/** It becomes the name of a file, and is told to a command. */
const SECRET_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
/** They decide which code runs. What a principal is called, or a secret of it, must not. */
const DECIDES_CODE = /^(?:PATH|NODE_OPTIONS|LD_\w+|DYLD_\w+)$/i;

/**
 * The variables that refer to whoever the server is started for.
 * @param env as written
 * @param expand replaces what is not a reference
 * @throws {WrongEntry}
 */
export function personalVariables(
  given: GivenEntry,
  env: unknown,
  expand: (text: string) => string,
): PersonalVariables | undefined {
  if (given.lookup === undefined || typeof env !== 'object' || env === null) return undefined;
  const personal: [string, VariablePart[]][] = [];
  for (const [name, value] of Object.entries(env)) {
    if (typeof value !== 'string' || !isPersonal(value)) continue;
    const label = given.label(`env.${name}`);
    if (DECIDES_CODE.test(name) || OWN_VARIABLE.test(name))
      throw new WrongEntry(
        `${label} refers to ${referenceIn(value)}, but this variable must be the same for all: it decides what code runs, or belongs to the gateway.`,
      );
    personal.push([name, partsOf(given, label, value, expand)]);
  }
  return personal.length === 0 ? undefined : Object.fromEntries(personal);
}

/**
 * What a server cannot have that starts anew for each session.
 * @throws {WrongEntry}
 */
export function checkPersonal(
  { label }: GivenEntry,
  kind: ServerEntry['kind'],
  { spares, lists }: Pick<CheckedEntry, 'spares' | 'lists'>,
): void {
  const why = `${label('env')} refers to whoever a session belongs to`;
  if (kind === 'module')
    throw new WrongEntry(
      `${why}, but the environment of a module is set before it has a session: read session.principal in the module instead.`,
    );
  if (spares !== undefined && spares > 0)
    throw new WrongEntry(
      `${label('spares')} is ${spares}, but must be 0 or absent: ${why}, so that nothing can be started before there is one.`,
    );
  if (lists === 'learned')
    throw new WrongEntry(
      `${label('lists')} is "learned", but must be "dynamic" or absent: ${why}, and one principal's lists may not be those of another.`,
    );
}

function partsOf(
  given: GivenEntry,
  label: string,
  value: string,
  expand: (text: string) => string,
): VariablePart[] {
  const parts: VariablePart[] = [];
  let end = 0;
  for (const match of value.matchAll(REFERENCE)) {
    const [written, kind, name = ''] = match;
    if (match.index > end) parts.push({ text: expand(value.slice(end, match.index)) });
    parts.push(kind === 'secret:' ? secretPart(given, label, name) : principalPart(label, written, name));
    end = match.index + written.length;
  }
  if (end < value.length) parts.push({ text: expand(value.slice(end)) });
  return parts;
}

function principalPart(label: string, written: string, name: string): VariablePart {
  if (!Object.hasOwn(PRINCIPAL_MEMBERS, name))
    throw new WrongEntry(
      `${label} refers to ${shown(written)}, but only \${principal.sub} and \${principal.issuer} exist.`,
    );
  return { principal: PRINCIPAL_MEMBERS[name as keyof typeof PRINCIPAL_MEMBERS] };
}

function secretPart({ gateway }: GivenEntry, label: string, name: string): VariablePart {
  if (!SECRET_NAME.test(name))
    throw new WrongEntry(
      `${label} refers to the secret ${shown(name)}, but its name must be 1 to 100 letters, digits or _ . -, and begin with a letter, a digit or _.`,
    );
  if (!gateway.hasSecrets)
    throw new WrongEntry(
      `${label} refers to the secret ${name}, but the gateway has no secrets: set secrets to their folder, or secrets-command to a command that prints one.`,
    );
  return { secret: name };
}
