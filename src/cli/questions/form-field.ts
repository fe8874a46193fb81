/** One field of a form (2025-11-25, Elicitation, "Requested Schema"): what to ask, and what a typed line means. */
import { z } from 'zod';
import { type Fields, isFields } from '../../shared/fields.js';

interface Choice {
  readonly value: string;
  readonly title: string | undefined;
}

export interface FormField {
  readonly name: string;
  readonly required: boolean;
  /** The value of an empty line; `undefined`: there is none. */
  readonly preset: unknown;
  /** The lines that explain it. */
  readonly explanation: readonly string[];
  /** What is asked, such as `age (integer, optional)`. */
  readonly question: string;
  /** What Tab completes. */
  readonly words: readonly string[];
  /** @returns the value, or what is wrong with the line in words that continue "must" */
  read(line: string): { readonly value: unknown } | { readonly problem: string };
}

/** @param required whether the form needs it */
export function formField(name: string, schema: unknown, required: boolean): FormField {
  const fields = isFields(schema) ? schema : {};
  const multiple = fields.type === 'array';
  const choices = choicesOf(multiple && isFields(fields.items) ? fields.items : fields);
  const type = choices !== undefined ? (multiple ? 'choices' : 'choice') : String(fields.type ?? 'text');
  const notes = [type, required ? [] : 'optional', limitsOf(fields)].flat();
  const preset = fields.default;
  const shown = preset === undefined ? '' : ` [${lineOf(preset)}]`;
  return {
    name,
    required,
    preset,
    explanation: explanationOf(fields, choices),
    question: `${name} (${notes.join(', ')})${shown}:`,
    words: choices?.map(({ value }) => value) ?? (type === 'boolean' ? ['yes', 'no'] : []),
    read: (line) => {
      const typed = multiple ? line.split(',').map((one) => chosenValue(one.trim(), choices)) : undefined;
      const value =
        typed ?? (choices === undefined ? typedValue(line, fields.type) : chosenValue(line, choices));
      return checked(value, fields);
    },
  };
}

function choicesOf(schema: Fields): readonly Choice[] | undefined {
  const titled = [schema.oneOf, schema.anyOf].find(Array.isArray) as unknown[] | undefined;
  if (titled !== undefined) {
    return titled.filter(isFields).map((one) => ({ value: String(one.const), title: textOf(one.title) }));
  }
  if (!Array.isArray(schema.enum)) return undefined;
  const names: readonly unknown[] = Array.isArray(schema.enumNames) ? schema.enumNames : [];
  return schema.enum.map((value, index) => ({ value: String(value), title: textOf(names[index]) }));
}

function explanationOf({ title, description }: Fields, choices: readonly Choice[] = []): string[] {
  const about = [title, description].map(textOf).filter((one) => one !== undefined);
  const listed = choices.map(({ value, title: own }, index) => {
    return `  ${index + 1}. ${own === undefined || own === value ? value : `${value}: ${own}`}`;
  });
  return [...(about.length === 0 ? [] : [about.join(': ')]), ...listed];
}

function limitsOf({ minimum, maximum, minLength, maxLength, format, minItems, maxItems }: Fields): string[] {
  return [
    rangeOf(minimum, maximum, ''),
    rangeOf(minLength, maxLength, ' characters'),
    rangeOf(minItems, maxItems, ' of them'),
    typeof format === 'string' ? format : '',
  ].filter((limit) => limit !== '');
}

function rangeOf(least: unknown, most: unknown, unit: string): string {
  if (typeof least === 'number' && typeof most === 'number') return `${least} to ${most}${unit}`;
  if (typeof least === 'number') return `at least ${least}${unit}`;
  return typeof most === 'number' ? `at most ${most}${unit}` : '';
}

/** By its number in the list, its title or itself. */
function chosenValue(typed: string, choices: readonly Choice[] = []): string {
  const chosen =
    choices.find(({ value }) => value === typed) ??
    choices.find(({ title, value }) => [title, value].some((one) => isSameWord(one, typed))) ??
    choices[Number(typed) - 1];
  return chosen?.value ?? typed;
}

function isSameWord(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

function typedValue(line: string, type: unknown): unknown {
  switch (type) {
    case 'number':
    case 'integer':
      return line.trim() === '' ? Number.NaN : Number(line);
    case 'boolean':
      if (/^\s*(?:y|yes|true)\s*$/i.test(line)) return true;
      return /^\s*(?:n|no|false)\s*$/i.test(line) ? false : line;
    default:
      return line;
  }
}

/** The schema's own rules. Its `pattern` is the server's to check: it could take forever here. */
function checked(value: unknown, { pattern: _, ...schema }: Fields): ReturnType<FormField['read']> {
  if (schema.type === 'boolean' && typeof value !== 'boolean') return { problem: 'be yes or no' };
  if (Number.isNaN(value)) return { problem: 'be a number' };
  let rules: z.ZodType;
  try {
    rules = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    // A schema that zod does not know is the server's to check as well.
    return { value };
  }
  const result = rules.safeParse(value);
  if (result.success) return { value };
  return { problem: `be right for the server (${result.error.issues[0]?.message})` };
}

function lineOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
