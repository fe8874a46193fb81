/** Options of what sessions are served. */

import type { Isolation } from '../../servers/server-entry.js';
import { AFFINITIES } from '../../shared/session-context.js';
import { option } from '../option.js';
import { duration, folders, moduleFile, oneOf, onOrOff } from '../option-kinds.js';

export const ISOLATIONS = ['thread', 'process'] as const satisfies readonly Isolation[];

export const serverOptions = {
  /**
   * ES module file, as a path from the current folder or a `file:` URL; the built-in server without one. A `.json` or `.jsonc`
   * file is a client's configuration, such as `.mcp.json`: each of its stdio servers is served.
   */
  serverModule: option(moduleFile, {
    positional: true,
    defaultText: 'the built-in environment server',
    help: "ES module that defines the tools, resources and prompts of a session; a .json or .jsonc file is read as an MCP client's configuration, such as .mcp.json, and its stdio servers are served",
  }),
  /** Where a session's server module runs: in a thread of the gateway, by default, or in a process of its own. */
  isolation: option(oneOf(ISOLATIONS), {
    default: 'thread',
    help: "where a session's server module, script or package runs: in a thread, or in a process of its own, which may crash; commands always run in processes",
  }),
  /**
   * What the state of a server belongs to in the stateless era (2026-07-28), unless the server says it itself; by default
   * `session`: clients of that era are told to begin a session.
   */
  affinity: option(oneOf(AFFINITIES), {
    default: 'session',
    help: "what a server's state belongs to for clients of revision 2026-07-28, unless the server says it itself: a session (such clients have to begin one), a single request, a principal, or a handle that a tool gives out",
  }),
  /** How long a server may take to start; by default `30s`, and 5 minutes for commands that download it first, such as npx. */
  startTimeout: option(duration(1), {
    defaultText: '30s; 5m for commands that download first, such as npx',
    help: 'how long a server may take to start: a program until it answers, a module for its import, and as long again for its setup',
  }),
  /** Reloads a server when one of its files has changed, for its author; off by default. */
  watch: option(onOrOff, {
    default: false,
    help: 'reload a server when one of its files has changed, and move all sessions to the new version; for development',
  }),
  /** Refuses to start if the entry of a server is wrong; by default the other servers are served. */
  strict: option(onOrOff, {
    default: false,
    help: 'refuse to start if the entry of a server is wrong; if off, the other servers are served',
  }),
  /** Folders that the built-in server may read; the current folder without one. */
  root: option(folders, {
    defaultText: 'the current folder',
    help: 'folder that the built-in server may read; may be repeated',
  }),
  /** Lets the built-in `http_request` reach loopback, private and link-local addresses; off by default. */
  allowPrivateNetwork: option(onOrOff, {
    default: false,
    help: 'allow the built-in http_request to reach loopback, private and link-local addresses',
  }),
  /** Bundles the server module at start, so that threads start faster; by default it does. Off, each thread imports it file by file. */
  bundle: option(onOrOff, {
    default: true,
    help: 'bundle server modules, scripts, packages and what the command node runs, so that threads and processes start faster; if off, each loads the files',
  }),
  /** Serves simple tool calls without the SDK's own checks, with the same answers; by default it does. */
  fastPath: option(onOrOff, {
    default: true,
    help: 'skip checks of the SDK in simple tool calls; the answers are the same',
  }),
};
