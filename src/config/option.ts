/** What makes an option out of a kind: its default and its help text. */
import type { z } from 'zod';
import type { Kind } from './option-kinds.js';

interface About {
  /** One line, for the help text, the documentation and the JSON Schema of the config file. */
  readonly help: string;
  /** Its value never appears in a message. */
  readonly secret?: true;
  /** An argument of the command line, not a flag. */
  readonly positional?: true;
}

/** Everything about an option from which other things are derived. */
export interface OptionRow extends Kind<unknown, unknown, string>, About {
  /** As a user would write it; absent if the default depends on other options or on the machine. */
  readonly default?: string;
  /** Shown instead of `default`. */
  readonly defaultText?: string;
}

/**
 * The schema of one option. `suffix` exists only for the compiler: types derive the name of the resolved option from
 * it.
 */
export type Option<Output, Input, Suffix extends string> = z.ZodType<Output, Input | undefined> & {
  readonly suffix?: Suffix;
};

const rows = new WeakMap<z.ZodType, OptionRow>();

/** An option that has a value whether it is given or not. */
export function option<Output, Input, Suffix extends string>(
  kind: Kind<Output, Input, Suffix>,
  about: About & { readonly default: NoInfer<Input> },
): Option<Output, Input, Suffix>;
/** An option without a default, or with a default that `options.ts` determines; `defaultText` describes it. */
export function option<Output, Input, Suffix extends string>(
  kind: Kind<Output, Input, Suffix>,
  about: About & { readonly defaultText: string },
): Option<Output | undefined, Input, Suffix>;
export function option(
  kind: Kind<unknown, unknown, string>,
  about: About & { readonly default?: unknown; readonly defaultText?: string },
): z.ZodType {
  const { default: value, ...texts } = about;
  const hasDefault = value !== undefined;
  const schema = hasDefault ? kind.schema.prefault(value) : kind.schema.optional();
  rows.set(schema, { ...kind, ...texts, ...(hasDefault && { default: String(value) }) });
  return schema;
}

/** The same option for one server, which has the gateway's value if it is left out. */
export function ofOneServer<Output, Input, Suffix extends string>(
  schema: Option<Output, Input, Suffix>,
): Option<Output | undefined, Input, Suffix> {
  const { default: _, ...kind } = rowOf(schema) as OptionRow & Kind<Output, Input, Suffix>;
  return option(kind, { help: kind.help, defaultText: "the gateway's" });
}

/** @throws {TypeError} for a schema that `option` has not made */
export function rowOf(schema: z.ZodType): OptionRow {
  const row = rows.get(schema);
  if (row === undefined) throw new TypeError('Not the schema of an option.');
  return row;
}
