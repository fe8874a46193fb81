/**
 * What the entry of a server may say: the keys of each value of `servers`. Each names one of `module`, `script`, `package`
 * and `command`. The JSON Schema and the table of the documentation are derived from them, as they are from options.
 */
import type { Lists } from '../../servers/server-entry.js';
import { AFFINITIES } from '../../shared/session-context.js';
import { ofOneServer, option } from '../option.js';
import { duration, integer, oneOf, onOrOff } from '../option-kinds.js';
import {
  argumentList,
  BUILT_IN,
  command,
  existingFile,
  existingFolder,
  inheritedVariables,
  nameOfTool,
  packageName,
  serverModule,
  toolRules,
  variables,
} from '../server-kinds.js';
import { capacityOptions } from './capacity.js';
import { ISOLATIONS } from './server.js';
import { sessionOptions } from './sessions.js';

const LISTS = ['learned', 'dynamic'] as const satisfies readonly Lists[];

export const serverEntryOptions = {
  /** ES module that defines the server, or `builtin:environment`. */
  module: option(serverModule, {
    defaultText: '-',
    help: `ES module that defines the tools, resources and prompts of a session, or ${BUILT_IN}`,
  }),
  /** File of a Node program that speaks MCP on stdin and stdout. */
  script: option(existingFile, {
    defaultText: '-',
    help: 'file of a Node program that speaks MCP on stdin and stdout',
  }),
  /** Installed npm package; its command (`bin`) is such a Node program. */
  package: option(packageName, {
    defaultText: '-',
    help: 'installed npm package whose command (`bin`) is such a Node program; searched for in the `node_modules` of the folder and of the folders above it',
  }),
  /** Any command that speaks MCP on stdin and stdout. */
  command: option(command, {
    defaultText: '-',
    help: 'any command that speaks MCP on stdin and stdout; started without a shell',
  }),
  /** Arguments of the script, the package's command or the command. */
  args: option(argumentList, {
    defaultText: 'none',
    help: "arguments of the script, of the package's command or of the command",
  }),
  /** Environment variables, besides those that it inherits. */
  env: option(variables, {
    secret: true,
    defaultText: 'none',
    help: 'environment variables, besides those that it inherits',
  }),
  /** Which of the gateway's environment variables it inherits besides the usual few: names, or `true` for all. */
  inheritEnv: option(inheritedVariables, {
    defaultText: 'none',
    help: "which of the gateway's environment variables it inherits, besides the usual few: a list of names, or `true` for all",
  }),
  /** Folder that it starts in; by default the one that relative paths start from. */
  cwd: option(existingFolder, {
    defaultText: "the file's folder",
    help: 'folder that it starts in',
  }),
  /** Whether a session's server is in a thread of the gateway or in a process of its own. */
  isolation: option(oneOf(ISOLATIONS), {
    defaultText: "`process` for a command, the gateway's for everything else",
    help: `where a session's server runs: in a ${ISOLATIONS.join(' or ')}; a command always runs in a process`,
  }),
  /** Whether the lists of the first session are remembered for later ones, or each session asks for its own. */
  lists: option(oneOf(LISTS), {
    defaultText: '`learned` for scripts, packages and commands, `dynamic` for modules',
    help: `${LISTS.join(' or ')}: whether the answers to \`initialize\` and the lists are remembered from the first session and given to later ones, which then start without a process or thread`,
  }),
  /** What its state belongs to in the stateless era. By default what a module says itself, otherwise the gateway's. */
  affinity: option(oneOf(AFFINITIES), {
    defaultText: "what a module says itself, otherwise the gateway's",
    help: 'what its state belongs to for clients of revision 2026-07-28: `session` (such clients have to begin one), `request`, `principal` or `handle`',
  }),
  /** With affinity `request`: whether a thread or process that is clean after a request may serve another one. */
  reuse: option(onOrOff, {
    defaultText: 'on for modules, off for scripts, packages and commands, which cannot be looked into',
    help: 'with affinity `request`: whether a thread or process that has nothing left of one request may serve another one',
  }),
  /** With affinity `handle`: the name of the tool that opens a session; by default `open_session`. */
  openTool: option(nameOfTool, {
    defaultText: '`open_session`',
    help: 'with affinity `handle`: the name of the tool that opens a session',
  }),
  /** With affinity `handle`: the name of the tool that closes a session; by default `close_session`. */
  closeTool: option(nameOfTool, {
    defaultText: '`close_session`',
    help: 'with affinity `handle`: the name of the tool that closes a session',
  }),
  /** Which tools clients see, and under which names. */
  tools: option(toolRules, {
    defaultText: 'all',
    help: 'which tools exist for clients: `allow` and `deny` are lists of names or globs, `rename` and `describe` have a string for each tool name',
  }),
  /** Started instances that wait for a session. */
  spares: option(integer(0, 1_024), {
    defaultText: 'those of `spare-threads` for a module, otherwise 0',
    help: 'number of started instances that wait for a session',
  }),
  /** A session gives its thread or process back after this time without work; 0: never. */
  sleepAfter: option(duration(0), {
    defaultText:
      "the gateway's for a module, never for scripts, packages and commands, which hold state in memory",
    help: 'a session gives its thread or process back after this time without work; 0: never',
  }),
  /** How long it may take to start. */
  startTimeout: option(duration(1), {
    defaultText: "the gateway's",
    help: 'how long it may take until it answers',
  }),
  /** Maximum resident memory of a session's process and its descendants in MiB. By default the gateway's. */
  processMemoryMb: ofOneServer(capacityOptions.processMemoryMb),
  /** Maximum heap of a thread in MiB. By default the gateway's. */
  threadHeapMb: ofOneServer(capacityOptions.threadHeapMb),
  /** Maximum heap and Buffers of a thread together in MiB. By default the gateway's. */
  threadMemoryMb: ofOneServer(capacityOptions.threadMemoryMb),
  /** A session without an open stream ends after this time without a request. By default the gateway's. */
  sessionIdle: ofOneServer(sessionOptions.sessionIdle),
  /** Maximum age of a session: a duration, or `none`. By default the gateway's. */
  sessionMaxAge: ofOneServer(sessionOptions.sessionMaxAge),
  /** How long a session stays after its client has lost all connections. By default the gateway's. */
  disconnectGrace: ofOneServer(sessionOptions.disconnectGrace),
};
