/** What a server offers, as text for people. Names and descriptions are the server's: they are made safe. */
import { SchemaView } from '../arguments/schema-view.js';
import type { Listed, ListName, Offer } from '../client/lists.js';
import type { ServerFacts } from '../client/server-connection.js';
import { safeLine, safeText } from './safe-text.js';

const HEADINGS: readonly (readonly [list: ListName, heading: string])[] = [
  ['tools', 'Tools'],
  ['resources', 'Resources'],
  ['resourceTemplates', 'Resource templates'],
  ['prompts', 'Prompts'],
];
/** Longer ones have their description in the next line. */
const MAX_COLUMN = 36;
const HINTS: readonly (readonly [hint: string, whenTrue: string, whenFalse: string | undefined])[] = [
  ['readOnlyHint', 'read-only', undefined],
  ['destructiveHint', 'destructive', 'not destructive'],
  ['idempotentHint', 'idempotent', undefined],
  ['openWorldHint', 'open world', 'closed world'],
];

/** Who the server is, in one line. */
export function renderFacts({
  name = 'A server without a name',
  title,
  version,
  protocolVersion,
}: ServerFacts) {
  const shownTitle = title === undefined || title === name ? '' : ` (${title})`;
  return safeLine(`${[name, version].filter(Boolean).join(' ')}${shownTitle}, protocol ${protocolVersion}`);
}

/**
 * A line for each entry.
 * @param columns the width of the terminal; `undefined`: lines are not cut
 */
export function renderList(
  offer: Offer,
  columns = process.stdout.isTTY ? process.stdout.columns : undefined,
): string {
  const parts = HEADINGS.flatMap(([list, heading]) => {
    const entries = offer[list];
    if (entries.length === 0) return [];
    const rows = entries.map((entry) => [safeLine(signatureOf(list, entry)), aboutOf(entry)] as const);
    const width = Math.max(...rows.map(([{ length }]) => length).filter((length) => length <= MAX_COLUMN), 0);
    const lines = rows.flatMap(([signature, about]) => lineOf(signature, about, width, columns));
    return [`${heading} (${entries.length})\n${lines.join('\n')}`];
  });
  return parts.length === 0 ? 'It offers nothing: no tools, resources or prompts.' : parts.join('\n\n');
}

/** Everything about each entry, schemas included. */
export function renderDetails(offer: Offer): string {
  const parts = HEADINGS.flatMap(([list]) => offer[list].map((entry) => detailsOf(list, entry)));
  return parts.length === 0 ? renderList(offer) : parts.join('\n\n');
}

function lineOf(signature: string, about: string, width: number, columns: number | undefined): string[] {
  if (about === '') return [`  ${signature}`];
  const fits = signature.length <= MAX_COLUMN;
  const line = fits ? `  ${signature.padEnd(width)}  ${about}` : `      ${about}`;
  const cut = columns !== undefined && line.length > columns ? `${line.slice(0, columns - 1)}…` : line;
  return fits ? [cut] : [`  ${signature}`, cut];
}

/** The name and the arguments, or the address. */
function signatureOf(list: ListName, entry: Listed): string {
  if (list === 'resources') return entry.uri ?? entry.name;
  if (list === 'resourceTemplates') return entry.uriTemplate ?? entry.name;
  return `${entry.name}(${argumentsOf(list, entry)
    .map(({ name, required }) => (required ? name : `${name}?`))
    .join(', ')})`;
}

function aboutOf(entry: Listed): string {
  const { name, title, uri, uriTemplate, mimeType } = entry;
  const isAddress = uri !== undefined || uriTemplate !== undefined;
  const called = title ?? (isAddress ? name : undefined);
  const type = isAddress && mimeType !== undefined ? ` (${mimeType})` : '';
  const description = entry.description?.trim().split('\n')[0] ?? '';
  const label = called === undefined || called === description ? '' : `${called}${type}`;
  return safeLine([label, description].filter((part) => part !== '').join(': '));
}

interface Argument {
  readonly name: string;
  readonly required: boolean;
  readonly type: string;
  readonly description: string | undefined;
}

function argumentsOf(list: ListName, entry: Listed): Argument[] {
  if (list === 'prompts') {
    return (entry.arguments ?? []).map(({ name, required = false, description }) => {
      return { name, required, type: 'string', description };
    });
  }
  const schema = new SchemaView(entry.inputSchema);
  return [...schema.properties].map(([name, { typeText, description, preset }]) => {
    const shownDefault = preset === undefined ? '' : `, default ${JSON.stringify(preset)}`;
    return {
      name,
      required: schema.required.includes(name),
      type: `${typeText}${shownDefault}`,
      description,
    };
  });
}

function detailsOf(list: ListName, entry: Listed): string {
  const { name, title, description, inputSchema, outputSchema } = entry;
  const rows = argumentsOf(list, entry).map(({ name: own, required, type, description: about = '' }) => {
    return [safeLine(own), safeLine(`${type}${required ? '' : ', optional'}`), safeLine(about)] as const;
  });
  const [first, second] = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return [
    safeLine(`${signatureOf(list, entry)}${title === undefined || title === name ? '' : `: ${title}`}`),
    ...indented(description),
    ...hintsOf(entry),
    ...rows.map((row) =>
      `    ${row[0].padEnd(first ?? 0)}  ${row[1].padEnd(second ?? 0)}  ${row[2]}`.trimEnd(),
    ),
    ...schemaLines('input schema', inputSchema),
    ...schemaLines('output schema', outputSchema),
  ].join('\n');
}

function indented(text: string | undefined): string[] {
  const trimmed = text?.trim() ?? '';
  return trimmed === ''
    ? []
    : safeText(trimmed)
        .split('\n')
        .map((line) => `  ${line}`);
}

/** What the server says of a tool's effects (2025-11-25, `ToolAnnotations`), and the type of a resource. */
function hintsOf({ annotations = {}, mimeType, uri, uriTemplate, name }: Listed): string[] {
  const hints = HINTS.flatMap(([hint, whenTrue, whenFalse]) => {
    const value = annotations[hint];
    return (value === true ? whenTrue : value === false ? whenFalse : undefined) ?? [];
  });
  const isAddress = uri !== undefined || uriTemplate !== undefined;
  const facts = [...(isAddress ? [name] : []), ...(mimeType === undefined ? [] : [mimeType]), ...hints];
  return facts.length === 0 ? [] : [safeLine(`  [${facts.join(', ')}]`)];
}

function schemaLines(label: string, schema: unknown): string[] {
  if (schema === undefined) return [];
  return [
    `  ${label}:`,
    ...safeText(JSON.stringify(schema, undefined, 2))
      .split('\n')
      .map((line) => `    ${line}`),
  ];
}

/** What a prompt takes, in words. */
export function promptArgumentList(prompt: Listed): string {
  const all = argumentsOf('prompts', prompt).map(
    ({ name, required }) => `${name}${required ? '' : ' (optional)'}`,
  );
  return safeLine(all.join(', '));
}
