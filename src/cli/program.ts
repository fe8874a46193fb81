/**
 * The commands of `bulkhead` with their arguments and flags. What each does is in the file of its name, which is loaded
 * when the command runs.
 */
import { Command, Option } from 'commander';
import { LOAD_FLAG_NAMES, LOAD_FLAGS } from '../../load/load-options.js';
import { CLIENT_NAMES, SCOPES } from '../client-configs/client.js';
import type { OptionRow } from '../config/option.js';
import { optionError } from '../config/option-error.js';
import {
  camelCase,
  kebabCase,
  OPTION_TABLE,
  TEXT_OPTION_NAMES,
  variableName,
} from '../config/option-table.js';
import { didYouMean } from '../shared/nearest.js';
import { VERSION } from '../version.js';
import { addClientCommands, addHeaderFlags } from './client-commands.js';
import type { ImportRequest } from './import.js';
import { TEMPLATE_NAME } from './init/project-files.js';
import type { InspectFlags } from './inspector.js';

/** Collects the values of a repeated flag; options.ts splits and checks them. */
function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}

function listOption(flags: string, help: string): Option {
  return new Option(flags, help).argParser(collect);
}

function optionFlag(name: string, row: OptionRow, prefix = ''): Option {
  const flag = row.argument === '' ? `--${prefix}${name}` : `--${name} ${row.argument}`;
  const shownDefault = row.defaultText ?? row.default ?? 'none';
  const option = new Option(flag, `${row.help} (default: ${shownDefault}, env: ${variableName(name)})`);
  return row.list === true ? option.argParser(collect) : option;
}

/** Commands after which `--` begins another command with flags of its own. */
const SERVING: readonly unknown[] = ['serve', 'stdio', 'list', 'call', 'read', 'prompt'];

/** As in Node, what follows such a flag is no value of it; Commander would take it as one. */
const OPTIONAL_VALUE = /^--inspect(?:-brk)?$/;

/**
 * Removes what follows `--` from the arguments of a command that serves it. Commander cannot distinguish it from
 * arguments.
 */
export function splitCommand(argv: readonly string[]): {
  argv: readonly string[];
  command?: readonly string[];
} {
  if (!SERVING.includes(argv[2])) return { argv };
  const index = argv.indexOf('--');
  const own = index < 0 ? argv : argv.slice(0, index);
  return {
    argv: own.map((arg) => (OPTIONAL_VALUE.test(arg) ? `${arg}=` : arg)),
    ...(index >= 0 && { command: argv.slice(index + 1) }),
  };
}

/** What a command that serves takes: the module, the config file, and every option. */
function addServingOptions(command: Command): void {
  command
    .argument(
      '[server-module]',
      `${OPTION_TABLE['server-module'].help} (default: ${OPTION_TABLE['server-module'].defaultText}, env: ${variableName('server-module')})`,
    )
    .option('--config <file>', 'JSON file with these options as keys, and servers (env: BULKHEAD_CONFIG)');
  for (const name of TEXT_OPTION_NAMES) {
    const row = OPTION_TABLE[name];
    if (row.positional === true) continue;
    // An option that is on by default can be turned off. The flag itself comes first, so that the other one does not
    // count as given.
    const isOn = row.argument === '' && row.default === 'true';
    command.addOption(optionFlag(name, row).hideHelp(isOn));
    if (isOn) command.addOption(optionFlag(name, row, 'no-'));
  }
}

/**
 * @param libuvPool the system's ids of the threads of libuv's pool, if the command started it
 * @param finish called with the exit code of the command that ran
 * @param command what followed `--`, if anything
 */
export function createProgram(
  libuvPool: readonly number[],
  finish: (exitCode: number) => void,
  command?: readonly string[],
): Command {
  const program = new Command('bulkhead')
    .description('An MCP server host that gives every client session its own worker thread.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) =>
        write(
          `bulkhead: ${text
            .trim()
            .replace(/^error: /, '')
            .split('\n')
            .map((line) => line.trim())
            .join(' ')}\n`,
        ),
    });

  program
    .command('init')
    .summary('create a small project')
    .description(
      'Creates a project: a server module, its test, scripts, and a Dockerfile. On a terminal, asks for what is not given.',
    )
    .argument('[folder]', `a folder that is new or empty (default: ${TEMPLATE_NAME})`)
    .addOption(new Option('--ts', 'in TypeScript (default)').conflicts('js'))
    .addOption(new Option('--js', 'in JavaScript').conflicts('ts'))
    .option('--yes', 'ask nothing')
    .action(async (folder: string | undefined, flags: { ts?: true; js?: true; yes?: true }) => {
      const { init } = await import('./init.js');
      const language = flags.ts === true ? 'typescript' : flags.js === true ? 'javascript' : undefined;
      const { stdin: input, stdout: output } = process;
      const asks = flags.yes !== true && input.isTTY === true && output.isTTY === true;
      finish(
        await init({ folder, language, cwd: process.cwd(), ...(asks && { terminal: { input, output } }) }),
      );
    });

  const serveCommand = program
    .command('serve')
    .summary('run a gateway')
    .description(
      'Runs a gateway. Flags take precedence over environment variables, and these over the config file. What follows -- is a command that speaks MCP on stdin and stdout; the gateway serves it.',
    )
    .usage('[options] [server-module] [-- command [arguments...]]');
  addServingOptions(serveCommand);
  serveCommand
    .option(
      '--inspect [address]',
      "open Node's inspector, so that a debugger can set breakpoints in the files of server modules; [host:]port, by default 127.0.0.1:9229",
    )
    .option('--inspect-brk [address]', 'the same, and wait for a debugger before any module is loaded');
  serveCommand.action(
    async (
      serverModule: string | undefined,
      { config, inspect, inspectBrk, ...flags }: Record<string, unknown> & InspectFlags,
    ) => {
      const { openInspector } = await import('./inspector.js');
      await openInspector({ inspect, inspectBrk });
      const { serve } = await import('./serve.js');
      finish(
        await serve(
          {
            flags: { ...flags, serverModule },
            environment: process.env,
            configFile: config as string | undefined,
            cwd: process.cwd(),
            command,
          },
          libuvPool,
        ),
      );
    },
  );

  addClientCommands(program, { command, libuvPool, finish });

  program
    .command('import')
    .summary("move the servers of MCP clients' configuration files to a gateway")
    .description(
      "Moves stdio servers from the configuration files of MCP clients into a gateway's config file, and changes the clients' entries to its addresses. Shows what it would do; --write does it.",
    )
    .addOption(listOption('--client <name>', `only this client: ${CLIENT_NAMES.join(', ')} (default: all)`))
    .addOption(listOption('--scope <scope>', `only this scope: ${SCOPES.join(', ')} (default: all)`))
    .option('--config <file>', "the gateway's config file (default: bulkhead.json, env: BULKHEAD_CONFIG)")
    .option('--write', 'do it, and keep a backup beside each file')
    .option('--check', 'first start every server once, and show what it offers and what it costs')
    .addOption(
      new Option('--undo', "bring the clients' files back").conflicts(['write', 'check', 'client', 'scope']),
    )
    .action(async (flags: Omit<ImportRequest, 'environment' | 'cwd'>) => {
      const { importServers } = await import('./import.js');
      finish(await importServers({ ...flags, environment: process.env, cwd: process.cwd() }));
    });

  const stdioCommand = program
    .command('stdio')
    .summary('serve one session over stdin and stdout')
    .description(
      'Serves one session over stdin and stdout, in a thread or process of its own, until stdin ends. Logs go to stderr. Takes the options of serve; without --listen, those of listeners have no effect.',
    )
    .usage('[options] [server-module] [-- command [arguments...]]')
    .option('--listen', 'serve HTTP as well, as bulkhead serve does')
    .option('--server <name>', 'which server, if the config file has several');
  addServingOptions(stdioCommand);
  stdioCommand.action(
    async (
      serverModule: string | undefined,
      { config, listen, server, ...flags }: Record<string, unknown>,
    ) => {
      const { stdio } = await import('./stdio.js');
      // Another thread would wait for a session that never comes.
      const spareThreads = flags.spareThreads ?? (listen === true ? undefined : '0');
      const sources = {
        flags: { ...flags, spareThreads, serverModule },
        environment: process.env,
        configFile: config as string | undefined,
        cwd: process.cwd(),
        command,
      };
      const request = { sources, server: server as string | undefined, listen: listen === true };
      finish(await stdio(request, libuvPool));
    },
  );

  program
    .command('token')
    .description('Named bearer tokens of a gateway with --tokens-file.')
    .command('create')
    .summary('make a named token')
    .description(
      'Makes a bearer token, prints it once on stdout, and adds a line with its SHA-256 to the file of --tokens-file. Delete the line to revoke it.',
    )
    .argument('<name>', 'whose token it is: letters, digits or . _ @ + -')
    .option('--file <file>', 'the file (default: tokens.txt, env: BULKHEAD_TOKENS_FILE)')
    .addOption(listOption('--scopes <scopes>', 'what it may do (default: none)'))
    .option(
      '--expires <when>',
      'days such as 90d, a time such as 2027-03-31T00:00:00Z, or never (default: 365d)',
    )
    .action(async (name: string, flags: { file?: string; scopes?: string[]; expires?: string }) => {
      const { createToken } = await import('./token.js');
      const { file, scopes, expires } = flags;
      const { env: environment } = process;
      finish(createToken({ name, file, scopes, expires, environment, cwd: process.cwd() }));
    });

  program
    .command('secrets')
    .description('Secrets of principals, in the folder of --secrets.')
    .command('path')
    .summary('print where the secrets of a principal are')
    .description(
      'Prints the folder of a principal: each file in it is a secret, and its name is the name of the secret.',
    )
    .argument('<issuer>', 'who says who it is: the URL of an authorization server, or token')
    .argument('<subject>', 'what the issuer calls it; of a named token, its name')
    .option('--folder <folder>', 'the folder of --secrets (default: secrets, env: BULKHEAD_SECRETS)')
    .action(async (issuer: string, subject: string, { folder }: { folder?: string }) => {
      const { printSecretsPath } = await import('./secrets.js');
      const { env: environment } = process;
      finish(printSecretsPath({ issuer, subject, folder, environment, cwd: process.cwd() }));
    });

  const bridgeCommand = program
    .command('bridge')
    .summary('connect a client that speaks stdio to a server over HTTP')
    .description(
      'Relays between stdin and stdout and any MCP server over Streamable HTTP, until stdin ends. Warnings go to stderr.',
    )
    .argument('<url>', "the server's address, such as http://127.0.0.1:3000/mcp");
  addHeaderFlags(bridgeCommand).action(
    async (url: string, flags: { header: string[]; token?: string; tokenFile?: string }) => {
      const { bridge } = await import('./bridge.js');
      const { header: headers, token, tokenFile } = flags;
      const { env: environment } = process;
      finish(await bridge({ url, headers, token, tokenFile, environment, cwd: process.cwd() }));
    },
  );

  const loadCommand = program
    .command('load')
    .summary('measure a running server under load')
    .description(
      'Loads any MCP server as real clients do, measures it, and checks that no session gets what belongs to another.',
    )
    .argument('<url>', "the server's address, such as http://127.0.0.1:3000/mcp");
  for (const name of LOAD_FLAG_NAMES) {
    const flag = LOAD_FLAGS[name];
    const shownDefault = 'defaultText' in flag ? flag.defaultText : flag.default;
    const written = flag.argument === '' ? `--${name}` : `--${name} ${flag.argument}`;
    const option = new Option(written, `${flag.help} (default: ${shownDefault})`);
    loadCommand.addOption('list' in flag ? option.argParser(collect) : option);
  }
  // Its own sentence says what was probably meant.
  loadCommand.allowExcessArguments();
  loadCommand.action(async (url: string, flags: Record<string, unknown>, { args }: Command) => {
    if (args.length > 1)
      throw optionError(
        `bulkhead load takes one <url>, but got ${args.length} arguments${didYouMean(url, ['compare'])}.`,
      );
    const { load } = await import('./load.js');
    const given = LOAD_FLAG_NAMES.map((name) => [name, flags[camelCase(name)]]);
    finish(
      await load({
        url,
        flags: Object.fromEntries(given),
        environment: process.env,
        cwd: process.cwd(),
        version: VERSION,
      }),
    );
  });
  loadCommand.helpCommand(false);
  loadCommand
    .command('compare')
    .summary('compare two reports')
    .description(
      'Shows two reports of bulkhead load side by side: their ratio, which is better, and where the runs cannot be compared.',
    )
    .argument('<a>', 'file that --out of bulkhead load wrote')
    .argument('<b>', 'the same of another run')
    .option('--json', 'as JSON')
    .option(
      '--fail-above <percent>',
      'exit code 1 if <b> is worse by more than that, or if the runs did different things (default: none)',
    )
    .action(async (a: string, b: string, flags: { json?: true; failAbove?: string }) => {
      const [foreign] = Object.keys(loadCommand.opts());
      if (foreign !== undefined) {
        throw optionError(
          `--${kebabCase(foreign)} is a flag of bulkhead load, and not of bulkhead load compare.`,
        );
      }
      const { compareLoads } = await import('./load/compare.js');
      const { json = false, failAbove } = flags;
      finish(compareLoads({ a, b, json, failAbove, cwd: process.cwd() }));
    });
  return program;
}
