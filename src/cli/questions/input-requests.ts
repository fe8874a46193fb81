/**
 * What a server wants to know before it answers a call (2026-07-28, Multi Round-Trip Requests), in words for a terminal,
 * and what `--input` answers.
 */
import { z } from 'zod';
import { optionError } from '../../config/option-error.js';
import { messageOf } from '../../shared/errors.js';
import { type Fields, isFields } from '../../shared/fields.js';
import { parseJson } from '../../shared/json-text.js';
import { safeLine } from '../output/safe-text.js';

/** Unknown members are kept: the whole request may be printed. */
export const INPUT_REQUEST = z.looseObject({
  method: z.string(),
  params: z
    .looseObject({
      mode: z.string(),
      message: z.string(),
      url: z.string(),
      requestedSchema: z.looseObject({
        properties: z.record(z.string(), z.unknown()),
        required: z.array(z.string()).optional(),
      }),
      messages: z.array(z.looseObject({ role: z.string(), content: z.unknown().optional() })),
      systemPrompt: z.string(),
      maxTokens: z.number(),
      _meta: z.record(z.string(), z.unknown()),
    })
    .partial()
    .optional(),
});
/** What a server asks its client. */
export type InputRequest = z.output<typeof INPUT_REQUEST>;

export const INPUT_REQUIRED = z.looseObject({
  resultType: z.literal('input_required'),
  inputRequests: z.record(z.string(), INPUT_REQUEST).default({}),
  requestState: z.string().optional(),
});
/** A result that asks for input. */
export type InputRequired = z.output<typeof INPUT_REQUIRED>;

/** The result of what was asked, or that a person has declined it, for which most requests have no result. */
export type Answer =
  | { readonly kind: 'result'; readonly result: Readonly<Record<string, unknown>> }
  | { readonly kind: 'declined' };

/** The answers of `--input`, by their keys. */
export type Inputs = ReadonlyMap<string, unknown>;

/**
 * Reads `key=json`.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION`
 */
export function parseInputs(written: readonly string[]): Inputs {
  const inputs = new Map<string, unknown>();
  for (const text of written) {
    const at = text.indexOf('=');
    if (at < 1) throw optionError(`--input is ${JSON.stringify(text)}, but must be <key>=<json>.`);
    const key = text.slice(0, at);
    if (inputs.has(key)) throw optionError(`--input ${key} is given twice: keep one of them.`);
    try {
      inputs.set(key, parseJson(text.slice(at + 1)));
    } catch (error) {
      throw optionError(`--input ${key} is not JSON: ${messageOf(error)}.`, error);
    }
  }
  return inputs;
}

const ELICIT_RESULT = z.strictObject({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.record(z.string(), z.unknown()).optional(),
});

/**
 * The response that `--input` gives. Short forms are completed; whole results are sent unchanged.
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for an answer that does not suit its request
 */
export function givenResponse(key: string, method: string, value: unknown): Fields {
  switch (method) {
    case 'elicitation/create':
      if (!isFields(value)) break;
      return ELICIT_RESULT.safeParse(value).success ? value : { action: 'accept', content: value };
    case 'sampling/createMessage':
      if (isFields(value)) return value;
      if (typeof value !== 'string') break;
      return messageOfModel(value);
    case 'roots/list':
      if (isFields(value)) return value;
      if (!Array.isArray(value) || value.some((uri) => typeof uri !== 'string')) break;
      return rootsAt(value);
    default:
      if (isFields(value)) return value;
  }
  throw optionError(
    `--input ${key} is ${JSON.stringify(value)}, but must be ${SHAPES[method] ?? 'a JSON object'}.`,
  );
}

/** What the model says, in a result of `sampling/createMessage`. */
export function messageOfModel(text: string): Fields {
  return {
    role: 'assistant',
    content: { type: 'text', text },
    model: 'bulkhead-call',
    stopReason: 'endTurn',
  };
}

/** A result of `roots/list`. */
export function rootsAt(uris: readonly string[]): Fields {
  return { roots: uris.map((uri) => ({ uri })) };
}

const SHAPES: Readonly<Record<string, string>> = {
  'elicitation/create': 'a JSON object with the fields that are asked for, or {"action": "decline"}',
  'sampling/createMessage': 'a JSON string, or a whole result of sampling/createMessage',
  'roots/list': 'a JSON array of URIs, or a whole result of roots/list',
};

/** What is asked, and for each request the flag that answers it. */
export function renderInputRequests({ inputRequests }: InputRequired): string {
  return Object.entries(inputRequests)
    .flatMap(([key, request]) => [
      `  ${safeLine(key)} (${request.method})${question(request)}`,
      `    --input ${shellWord(safeLine(`${key}=${example(request)}`))}`,
    ])
    .join('\n');
}

function question({ params }: InputRequest): string {
  const { message, url, messages = [] } = params ?? {};
  const lines = messages.map(({ role, content }) => `${role}: ${textOfContent(content)}`);
  const parts = [message, url, ...lines].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : `: ${safeLine(parts.join(' '))}`;
}

/** A message's content as text; what is not text as JSON. */
export function textOfContent(content: unknown): string {
  const { text } = (content ?? {}) as { text?: unknown };
  return typeof text === 'string' ? text : JSON.stringify(content);
}

function example({ method, params }: InputRequest): string {
  switch (method) {
    case 'elicitation/create': {
      const properties = params?.requestedSchema?.properties;
      if (properties === undefined) return '{"action": "accept"}';
      const fields = Object.entries(properties).map(([name, schema]) => [name, sample(schema)]);
      return JSON.stringify(Object.fromEntries(fields));
    }
    case 'sampling/createMessage':
      return '"…"';
    case 'roots/list':
      return '["file:///…"]';
    default:
      return '{}';
  }
}

/** A value that a field may have, as far as its schema says without a search. */
function sample(schema: unknown): unknown {
  const {
    type,
    default: preset,
    enum: values,
  } = (schema ?? {}) as {
    type?: unknown;
    default?: unknown;
    enum?: unknown;
  };
  if (preset !== undefined) return preset;
  if (Array.isArray(values) && values.length > 0) return values[0];
  switch (type) {
    case 'boolean':
      return true;
    case 'number':
    case 'integer':
      return 0;
    case 'array':
      return [];
    default:
      return '…';
  }
}

/** In quotes for a POSIX shell. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
