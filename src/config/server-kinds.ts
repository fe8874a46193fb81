/** The kinds of values that only entries of servers have. */
import { statSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { ToolRules } from '../servers/server-entry.js';
import { OWN_VARIABLE } from '../shared/own-variables.js';
import { absolutePath, absolutePathOrUrl, fileAt, type Kind, reading } from './option-kinds.js';

/** Names the built-in server in place of a module's path. */
export const BUILT_IN = 'builtin:environment';

/** The system ends arguments, variables and file names at a NUL. */
const text = z.string().refine((written) => !written.includes('\0'));
const someText = text.min(1);

export const serverModule: Kind<string, string | URL> = {
  argument: '<file>',
  expected: `the path or file: URL of an existing ES module file, or ${BUILT_IN}`,
  absolute: (written, folder) => (written === BUILT_IN ? written : absolutePathOrUrl(written, folder)),
  schema: reading(someText, (written) => {
    if (written === BUILT_IN) return written;
    const path = fileAt(written);
    return path === undefined ? undefined : pathToFileURL(path).href;
  }),
};

export const existingFile: Kind<string, string | URL> = {
  argument: '<file>',
  expected: 'the path or file: URL of an existing file',
  absolute: absolutePathOrUrl,
  schema: reading(someText, fileAt),
};

export const existingFolder: Kind<string, string> = {
  argument: '<folder>',
  expected: 'the path of an existing folder',
  absolute: absolutePath,
  schema: reading(someText, (path) =>
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : undefined,
  ),
};

/** A package name of npm, with or without a scope (validate-npm-package-name, "Naming Rules"). */
export const packageName: Kind<string, string> = {
  argument: '<package>',
  expected: 'the name of an installed npm package, without a version',
  schema: z.string().regex(/^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i),
};

/** A name is searched for in `PATH`; anything with a slash is a path. */
export const command: Kind<string, string> = {
  argument: '<command>',
  expected: 'a command such as npx; its arguments belong in "args"',
  absolute: (written, folder) => {
    const isPath = typeof written === 'string' && (written.includes('/') || written.includes(sep));
    return isPath ? resolve(folder, written) : written;
  },
  // A name followed by arguments is a mistake. A path may have spaces.
  schema: reading(someText, (written) => (/^[^\s/\\]+\s/.test(written) ? undefined : written)),
};

export const argumentList: Kind<readonly string[], readonly string[]> = {
  argument: '<strings>',
  expected: 'a list of strings',
  schema: z.array(text).readonly(),
};

/** `null` removes a variable, as in VS Code. */
export const variables: Kind<
  Readonly<Record<string, string>>,
  Readonly<Record<string, string | number | boolean | null>>
> = {
  argument: '<variables>',
  expected: 'an object of variables and their values, which are strings, numbers, true or false',
  schema: z
    .record(z.string().regex(/^[^=\0]+$/), z.union([text, z.number(), z.boolean(), z.null()]))
    .transform((values) =>
      Object.fromEntries(
        Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]])),
      ),
    ),
};

export const inheritedVariables: Kind<boolean | readonly string[], boolean | readonly string[]> = {
  argument: '<names>',
  expected:
    "true, false or a list of variables' names other than the gateway's own, which begin with BULKHEAD_",
  schema: z.union([
    z.boolean(),
    z
      .array(
        z
          .string()
          .regex(/^[^=\0]+$/)
          .refine((name) => !OWN_VARIABLE.test(name)),
      )
      .readonly(),
  ]),
};

/** The characters that the specification allows in a tool's name (2025-11-25, "Tools", "Tool Names"). */
const toolName = z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/);
export const nameOfTool: Kind<string, string> = {
  argument: '<tool>',
  expected: 'a name of at most 128 letters, digits, dots, hyphens and underscores',
  schema: toolName,
};

const globs = z.union([
  z
    .string()
    .min(1)
    .transform((glob) => [glob]),
  z.array(z.string().min(1)),
]);

export interface ToolRulesInput {
  /** Names or globs with `*` and `?`: only these tools exist. */
  readonly allow?: string | readonly string[] | undefined;
  /** Names or globs with `*` and `?`: these tools do not exist. */
  readonly deny?: string | readonly string[] | undefined;
  /** What clients call a tool, by its own name. */
  readonly rename?: Readonly<Record<string, string>> | undefined;
  /** The description that clients see, by the tool's own name. */
  readonly describe?: Readonly<Record<string, string>> | undefined;
}

export const toolRules: Kind<ToolRules, ToolRulesInput> = {
  argument: '<rules>',
  expected:
    'an object with "allow" and "deny", lists of tool names or globs, and "rename" and "describe", which have a string for each tool name; no two tools get the same name',
  schema: z
    .strictObject({
      allow: globs.optional(),
      deny: globs.optional(),
      rename: z.record(z.string(), toolName).optional(),
      describe: z.record(z.string(), z.string()).optional(),
    })
    .refine(({ rename = {} }) => new Set(Object.values(rename)).size === Object.keys(rename).length, {
      path: ['rename'],
    })
    .transform(({ allow, deny = [], rename = {}, describe = {} }) => ({
      allow,
      deny,
      rename: new Map(Object.entries(rename)),
      describe: new Map(Object.entries(describe)),
    })) as z.ZodType<ToolRules, ToolRulesInput>,
};
