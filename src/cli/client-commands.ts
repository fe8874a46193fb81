/** The commands that try a server: `list`, `call`, `read` and `prompt`, with their arguments and flags. */
import { type Command, Option } from 'commander';
import { HEADER_FLAGS } from '../config/header-flags.js';
import { VERSION } from '../version.js';
import type { Form, ServerFlags } from './with-server.js';

/** What the command line was, besides flags. */
export interface CommandLine {
  /** What followed `--`, if anything. */
  readonly command: readonly string[] | undefined;
  /** The system's ids of the threads of libuv's pool, if the command started it. */
  readonly libuvPool: readonly number[];
  /** Called with the exit code of the command that ran. */
  readonly finish: (exitCode: number) => void;
}

interface Flags {
  readonly server?: string;
  readonly header: string[];
  readonly token?: string;
  readonly tokenFile?: string;
  readonly timeout: string;
  readonly era: string;
  readonly input: string[];
  readonly arg: string[];
  readonly json?: true;
  readonly raw?: true;
  readonly schema?: true;
}

const SERVER =
  'an address such as http://127.0.0.1:3000/mcp; the file of a module, which is run here; or a file with servers';

/** Each is tried as `bulkhead <name> <server> …`, or as `bulkhead <name> … -- command`. */
export function addClientCommands(program: Command, line: CommandLine): void {
  const { command, finish } = line;
  const add = (name: string, summary: string, description: string, operands: string): Command => {
    const written = operands === '' ? '' : ` ${operands}`;
    const added = program
      .command(name)
      .summary(summary)
      .description(description)
      .usage(
        `[options] <server>${written}\n       bulkhead ${name} [options]${written} -- command [arguments...]`,
      );
    return command === undefined ? added.argument('<server>', SERVER) : added;
  };
  /** The operands after the server, which is absent where a command follows `--`. */
  const split = (operands: (string | undefined)[]) => {
    return command === undefined
      ? { url: operands[0], rest: operands.slice(1) }
      : { url: undefined, rest: operands };
  };

  addServerFlags(
    add(
      'list',
      'show what a server offers',
      'Lists the tools, resources and prompts of any MCP server.',
      '[name]',
    ),
  )
    .argument('[name]', 'only this tool, resource or prompt, with its schema')
    .option('--schema', 'show everything in full, with schemas')
    .option('--json', 'print everything as JSON')
    .action(async (...given: unknown[]) => {
      const { operands, flags } = parsed(given);
      const { url, rest } = split(operands);
      const { list } = await import('./list.js');
      const server = serverFlags(flags, url, line, undefined);
      finish(
        await list({ ...server, name: rest[0], schema: flags.schema === true, json: flags.json === true }),
      );
    });

  addAsking(
    addServerFlags(
      add(
        'call',
        'call a tool of a server',
        'Calls a tool of any MCP server and prints the result; progress goes to stderr.',
        '<tool> [json]',
      ),
    )
      .argument('<tool>', "the tool's name")
      .argument('[json]', "the tool's arguments, a JSON object; @file: from a file; -: from stdin")
      .addOption(
        argFlag("the tool's schema gives the type; repeat it for an array; a.b=1 is a member of an object"),
      ),
  ).action(async (...given: unknown[]) => {
    const { operands, flags } = parsed(given);
    const { url, rest } = split(operands);
    const [tool = '', json] = rest;
    const { call } = await import('./call.js');
    finish(
      await call({
        ...serverFlags(flags, url, line, flags.input),
        tool,
        json,
        args: flags.arg,
        form: formOf(flags),
      }),
    );
  });

  addAsking(
    addServerFlags(
      add(
        'read',
        'print a resource of a server',
        'Reads a resource of any MCP server. Prints text as it is, and binary content as bytes.',
        '<uri>',
      ),
    ).argument('<uri>', "the resource's address"),
  ).action(async (...given: unknown[]) => {
    const { operands, flags } = parsed(given);
    const { url, rest } = split(operands);
    const [uri = ''] = rest;
    const { read } = await import('./read.js');
    finish(await read({ ...serverFlags(flags, url, line, flags.input), uri, form: formOf(flags) }));
  });

  addAsking(
    addServerFlags(
      add(
        'prompt',
        'print a prompt of a server',
        'Gets a prompt of any MCP server, filled in, and prints its messages.',
        '<name> [json]',
      ),
    )
      .argument('<name>', "the prompt's name")
      .argument('[json]', "the prompt's arguments, a JSON object of texts; @file: from a file; -: from stdin")
      .addOption(argFlag('can be repeated')),
  ).action(async (...given: unknown[]) => {
    const { operands, flags } = parsed(given);
    const { url, rest } = split(operands);
    const [name = '', json] = rest;
    const { prompt } = await import('./prompt.js');
    const server = serverFlags(flags, url, line, flags.input);
    finish(await prompt({ ...server, prompt: name, json, args: flags.arg, form: formOf(flags) }));
  });
}

/** Those of `requestHeaders`. */
export function addHeaderFlags(command: Command): Command {
  const { header, token, 'token-file': tokenFile } = HEADER_FLAGS;
  return command
    .addOption(repeated(`--header ${header.argument}`, header.help))
    .option(`--token ${token.argument}`, token.help)
    .option(`--token-file ${tokenFile.argument}`, tokenFile.help);
}

function repeated(flags: string, help: string): Option {
  return new Option(flags, help)
    .argParser((value: string, earlier: string[]) => [...earlier, value])
    .default([], 'none');
}

function argFlag(help: string): Option {
  return repeated('--arg <key=value>', `one argument; ${help}`);
}

function addServerFlags(command: Command): Command {
  return addHeaderFlags(command.option('--server <name>', 'which server, if the file has several'))
    .option('--timeout <duration>', 'how long to wait for the connection, and for each answer', '60s')
    .option(
      '--era <name>',
      'session: up to 2025-11-25; stateless: 2026-07-28; auto: stateless where the server serves it',
      'auto',
    );
}

function addAsking(command: Command): Command {
  return command
    .addOption(
      repeated(
        '--input <key=json>',
        'answer to what the server asks; without one, a person at a terminal is asked, otherwise the command shows what the server asks',
      ),
    )
    .option('--json', 'print the whole result as JSON')
    .addOption(
      new Option('--raw', 'print the JSON-RPC response, with its result or error, unchecked').conflicts(
        'json',
      ),
    );
}

/** Commander passes the operands, then the flags, then itself. */
function parsed(given: readonly unknown[]): { operands: (string | undefined)[]; flags: Flags } {
  const operands = given.slice(0, -2) as (string | undefined)[];
  return { operands, flags: given.at(-2) as Flags };
}

function formOf({ json, raw }: Flags): Form {
  return raw === true ? 'raw' : json === true ? 'json' : 'text';
}

function serverFlags(
  { server, header, token, tokenFile, timeout, era }: Flags,
  url: string | undefined,
  { command, libuvPool }: CommandLine,
  inputs: readonly string[] | undefined,
): ServerFlags {
  return {
    url,
    command,
    server,
    headers: header,
    token,
    tokenFile,
    timeout,
    era,
    inputs,
    version: VERSION,
    environment: process.env,
    cwd: process.cwd(),
    libuvPool,
  };
}
