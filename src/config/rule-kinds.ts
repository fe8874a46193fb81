/** The kinds of values that options of rules and of the audit log have. */
import { z } from 'zod';
import type { Rule, RuleInput } from '../shared/access-rule.js';
import { EFFECTS } from '../shared/access-rule.js';
import { patternIn } from '../shared/redaction-pattern.js';
import { absolutePath, type Kind, newFile, reading } from './option-kinds.js';
import { checkServersOfRules, RuleMistake, readRules, readScopeIncludes } from './read-rules.js';

const texts = z.union([z.string(), z.array(z.string())]);
const claimValue = z.union([z.string(), z.number(), z.boolean()]);
const rule = z.strictObject({
  principal: texts.optional(),
  issuer: texts.optional(),
  scope: texts.optional(),
  claim: z.record(z.string(), z.union([claimValue, z.array(claimValue)])).optional(),
  servers: texts.optional(),
  tools: texts.optional(),
  prompts: texts.optional(),
  resources: texts.optional(),
  effect: z.enum(EFFECTS).optional(),
  scopes: texts.optional(),
});

/** What a function that throws for a mistake returns; `undefined` for a mistake. */
function unlessMistaken<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RuleMistake) return undefined;
    throw error;
  }
}

function mistakeOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof RuleMistake) return error.message;
    throw error;
  }
}

export const rules: Kind<readonly Rule[], readonly RuleInput[]> = {
  argument: '<rules>',
  structured: true,
  expected: 'a list of rules',
  fault: (written) => mistakeOf(() => readRules(written)),
  schema: reading(z.array(rule), (written) => unlessMistaken(() => readRules(written))) as z.ZodType<
    readonly Rule[],
    readonly RuleInput[]
  >,
};

export type ScopeIncludesInput = Readonly<Record<string, string | readonly string[]>>;

export const scopeIncludes: Kind<ReadonlyMap<string, readonly string[]>, ScopeIncludesInput> = {
  argument: '<scopes>',
  structured: true,
  expected: 'an object with a list of scopes for each scope that includes them',
  fault: (written) => mistakeOf(() => readScopeIncludes(written)),
  schema: reading(z.record(z.string(), texts), (written) =>
    unlessMistaken(() => readScopeIncludes(written)),
  ) as z.ZodType<ReadonlyMap<string, readonly string[]>, ScopeIncludesInput>,
};

/** The sentence about a rule that names a server which does not exist. */
export function mistakeInServersOf(
  given: readonly Rule[] | undefined,
  servers: readonly string[],
): string | undefined {
  return given && mistakeOf(() => checkServersOfRules(given, servers));
}

const STDERR = 'stderr';

export const auditTarget: Kind<string, string> = {
  argument: '<file>',
  expected: 'stderr, or the path of a file in an existing folder that can be written to',
  absolute: (written, folder) => (written === STDERR ? written : absolutePath(written, folder)),
  schema: z.union([z.literal(STDERR), newFile.schema]) as z.ZodType<string, string>,
};

export const toolPaths: Kind<readonly string[], readonly string[]> = {
  argument: '<names>',
  list: true,
  expected: 'one or more names of servers and tools with a slash between them, such as notes/delete_*',
  schema: z
    .array(z.string().regex(/^[^\s/]{1,200}\/[^\s/]{1,200}$/))
    .min(1)
    .readonly(),
};

export const redactions: Kind<readonly string[], readonly string[]> = {
  argument: '<names>',
  list: true,
  expected:
    'one or more names of members, or regular expressions between slashes, of up to 500 characters each',
  schema: z
    .array(
      reading(z.string().min(1).max(500), (written) => (patternIn(written) === null ? undefined : written)),
    )
    .min(1)
    .max(50)
    .readonly(),
};

export const principals: Kind<readonly string[], readonly string[]> = {
  argument: '<names>',
  list: true,
  expected: 'one to 50 subjects, or issuers and subjects with a space between them',
  schema: z
    .array(z.string().regex(/^[^\p{Cc}]{1,1000}$/u))
    .min(1)
    .max(50)
    .readonly(),
};
