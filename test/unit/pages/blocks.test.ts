/** Blocks of code in the documentation that can be judged without running them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import type { Command } from 'commander';
import { type ParseError, parse } from 'jsonc-parser';
import { createProgram, splitCommand } from '../../../src/cli/program.js';
import { type Block, blocksOf, PAGES, proseOf, readPage } from '../../support/pages.js';
import { projectRoot } from '../../support/project.js';
import { bulkheadArguments, commandsOf, typedIn } from '../../support/shell-lines.js';

/** `text` is for what cannot run alone. A block without a language is one of these by mistake. */
const LANGUAGES = 'console diff dockerfile html ini js json jsonc mermaid promql sh text toml ts yaml'.split(
  ' ',
);

/** The command, which parses its arguments and then does nothing. */
function parser(command: readonly string[] | undefined): Command {
  const program = createProgram([], () => {}, command);
  const still = (parent: Command): void => {
    for (const child of parent.commands) {
      child.action(() => {});
      still(child);
    }
  };
  still(program);
  return program.configureOutput({ writeErr: () => {}, writeOut: () => {} });
}

/** What the command says of its arguments, unless it takes them. */
async function refusal(args: readonly string[]): Promise<string | undefined> {
  const { argv, command } = splitCommand(['node', 'bulkhead', ...args]);
  try {
    await parser(command).parseAsync(argv);
    return undefined;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return /^commander\.(?:help|version)/.test(code ?? '') ? undefined : message;
  }
}

/** A config file of the gateway, and not one of VS Code, whose servers have a type. */
function isConfig(value: unknown): value is Record<string, unknown> {
  const { servers, $schema } = (value ?? {}) as { servers?: Record<string, object>; $schema?: unknown };
  if (typeof $schema === 'string') return $schema.endsWith('config.schema.json');
  return servers !== undefined && !Object.values(servers).some((entry) => 'type' in entry);
}

describe('blocks of code on the pages', () => {
  const schema: object = JSON.parse(readFileSync(join(projectRoot, 'dist/src/config.schema.json'), 'utf8'));
  const ajv = new Ajv({ allowUnionTypes: true });
  const accepts = ajv.compile(schema);

  for (const page of PAGES) {
    const blocks = blocksOf(page);
    const of = (...languages: string[]): Block[] =>
      blocks.filter(({ language }) => languages.includes(language));

    if (blocks.length > 0)
      it(`${page}: each says what it is`, () => {
        const unknown = blocks.filter(({ language }) => !LANGUAGES.includes(language));
        expect(unknown.map(({ place, language }) => `${place} ${language}`)).to.deep.equal([]);
        expect(readPage(page).match(/^ *```/gm)).to.have.length(2 * blocks.length);
      });

    if (of('js', 'ts').some(({ file }) => file))
      it(`${page}: a file has one content`, () => {
        const names = of('js', 'ts').flatMap(({ file }) => file ?? []);
        expect([...new Set(names)]).to.deep.equal(names);
      });

    for (const { place, language, code } of of('json', 'jsonc')) {
      it(`${place} is JSON${language === 'jsonc' ? ' with comments' : ''}, and right if it is a config file`, () => {
        const errors: ParseError[] = [];
        const value: unknown =
          language === 'json' ? JSON.parse(code) : parse(code, errors, { allowTrailingComma: true });
        expect(errors).to.deep.equal([]);
        if (isConfig(value)) expect(accepts(value), JSON.stringify(accepts.errors)).to.equal(true);
      });
    }

    for (const { place, language, code } of of('console', 'sh')) {
      const lines =
        language === 'console' ? typedIn(code).map(({ line }) => line) : code.trimEnd().split('\n');
      it(`${place} has arguments that the command takes`, async () => {
        expect(lines).not.to.deep.equal([]);
        for (const words of lines.flatMap(commandsOf)) {
          const args = bulkheadArguments(words);
          if (args !== undefined) expect(await refusal(args), words.join(' ')).to.equal(undefined);
        }
      });
    }

    const mentions = [...proseOf(page).matchAll(/`(?:npx (?:-y )?)?bulkhead ([a-z]+)([^`]*)`/g)];
    if (mentions.length > 0 && page !== 'CHANGELOG.md')
      it(`${page}: commands and flags in its sentences exist`, () => {
        const program = parser(undefined);
        for (const [mention, name, rest = ''] of mentions) {
          const command = program.commands.find((candidate) => candidate.name() === name);
          expect(command, mention).not.to.equal(undefined);
          const flags = [...rest.split(/ -- /)[0]!.matchAll(/--[a-z][a-z-]*/g)].map(([flag]) => flag);
          const known = [...(command?.options ?? []).map(({ long }) => long), '--help'];
          expect(known, mention).to.include.members(flags);
        }
      });
  }
});
