/** What is said to each of the real servers, and what of their answers is random or a time by nature. */
import { pathToFileURL } from 'node:url';
import type { Conversation } from './conversation.js';
import {
  ask,
  call,
  callWithProgress,
  cancelled,
  NO_SUCH_METHOD,
  NO_SUCH_TOOL,
  PING,
  TOOLS_LIST,
  tell,
  until,
} from './script-words.js';
import { changing, type Volatile } from './transcript.js';

interface Script {
  readonly conversation: Conversation;
  readonly volatiles: readonly Volatile[];
}

/** @param files a folder with `a.txt`, `b.md` and `sub/c.txt`, in which a server may write */
export type ScriptIn = (files: string) => Script;

const NO_CAPABILITIES = { capabilities: {}, answers: {} } as const;

/** What this client says when it is asked. */
const OBLIGING = {
  capabilities: { roots: { listChanged: true }, sampling: {}, elicitation: {} },
  answers: {
    'roots/list': { roots: [{ uri: 'file:///srv/project', name: 'project' }] },
    'sampling/createMessage': { role: 'assistant', model: 'none', content: { type: 'text', text: 'said' } },
    'elicitation/create': { action: 'accept', content: { name: 'Ada', check: true, number: 3 } },
  },
} as const;

const COMPLETION = {
  ref: { type: 'ref/prompt', name: 'completable-prompt' },
  argument: { name: 'department', value: 'S' },
};
const DYNAMIC = 'demo://resource/dynamic/text/1';

/** A variable as `get-env` writes it: JSON in JSON. */
const VARIABLE = /\\n {2}(\\"(\w+)\\": \\"[^"]*\\"),?/g;
/** Which only a process of the gateway has, or which are its own there. */
const OWN_VARIABLE = /^(?:TMPDIR|TMP|TEMP|BULKHEAD_\w+|MCP_BENCH_MARK)$/;

/** A thread's `process.env` has no order: Node keeps it in a hash map. */
const environment: Volatile = {
  what: 'the order of its environment, and its temporary folder and marks in it',
  steady(text) {
    const variables = [...text.matchAll(VARIABLE)].filter(([, , name = '']) => !OWN_VARIABLE.test(name));
    if (variables.length < 2) return text;
    return `${text.replaceAll(VARIABLE, '')} ${variables
      .map(([, variable]) => variable)
      .sort()
      .join()}`;
  },
};

export const everything: ScriptIn = () => ({
  conversation: {
    ...OBLIGING,
    steps: [
      TOOLS_LIST,
      ask('prompts/list'),
      ask('resources/list'),
      ask('resources/templates/list'),
      call('echo', { message: 'héllo 🎉\u2028 "quoted" \\ 9007199254740993' }),
      until('roots/list'),
      ask('logging/setLevel', { level: 'debug' }),
      call('get-sum', { a: 0.1, b: 0.2 }),
      call('get-sum', { a: 'one', b: 2 }),
      call('get-tiny-image'),
      call('get-annotated-message', { messageType: 'error', includeImage: true }),
      call('get-structured-content', { location: 'Chicago' }),
      call('get-resource-links', { count: 3 }),
      call('get-resource-reference', { resourceType: 'Text', resourceId: 1 }),
      call('get-roots-list'),
      call('get-env'),
      callWithProgress('trigger-long-running-operation', { duration: 0.3, steps: 3 }),
      cancelled('trigger-long-running-operation', { duration: 0.4, steps: 2 }),
      call('trigger-sampling-request', { prompt: 'Say.', maxTokens: 10 }),
      call('trigger-elicitation-request'),
      call('gzip-file-as-resource', { name: 'a.gz', data: 'data:text/plain,hello', outputType: 'resource' }),
      NO_SUCH_TOOL,
      ask('resources/read', { uri: 'demo://resource/static/document/features.md' }),
      ask('resources/read', { uri: DYNAMIC }),
      ask('resources/read', { uri: 'demo://resource/dynamic/blob/2' }),
      ask('resources/read', { uri: 'demo://nothing' }),
      ask('resources/subscribe', { uri: DYNAMIC }),
      call('toggle-subscriber-updates'),
      call('toggle-subscriber-updates'),
      ask('resources/unsubscribe', { uri: DYNAMIC }),
      ask('prompts/get', { name: 'simple-prompt' }),
      ask('prompts/get', { name: 'args-prompt', arguments: { city: 'Köln' } }),
      ask('prompts/get', { name: 'args-prompt' }),
      ask('completion/complete', COMPLETION),
      tell('notifications/roots/list_changed'),
      NO_SUCH_METHOD,
      PING,
    ],
  },
  volatiles: [
    changing('times of day', /\d{1,2}:\d\d:\d\d [AP]M/g),
    changing('times of day in base64', /(?<="blob":")[^"]*/g),
    environment,
  ],
});

export const filesystem: ScriptIn = (files) => ({
  conversation: {
    ...NO_CAPABILITIES,
    steps: [
      TOOLS_LIST,
      call('list_allowed_directories'),
      call('list_directory', { path: files }),
      call('list_directory_with_sizes', { path: files, sortBy: 'size' }),
      call('directory_tree', { path: files }),
      call('read_text_file', { path: `${files}/a.txt` }),
      call('read_text_file', { path: `${files}/a.txt`, head: 1 }),
      call('read_multiple_files', { paths: [`${files}/a.txt`, `${files}/missing.txt`] }),
      call('write_file', { path: `${files}/written.txt`, content: 'wrötten\r\n🎉' }),
      call('edit_file', { path: `${files}/b.md`, edits: [{ oldText: 'two', newText: 'zwei' }] }),
      call('create_directory', { path: `${files}/made/deep` }),
      call('move_file', { source: `${files}/written.txt`, destination: `${files}/made/moved.txt` }),
      call('search_files', { path: files, pattern: '**/*.txt' }),
      call('get_file_info', { path: `${files}/a.txt` }),
      call('read_text_file', { path: '/etc/hostname' }),
      call('read_text_file', { path: `${files}/../../package.json` }),
      call('read_text_file', {}),
      NO_SUCH_TOOL,
      ask('resources/list'),
      NO_SUCH_METHOD,
      PING,
    ],
  },
  volatiles: [changing('times of files', /(?<=created: |modified: |accessed: )[^"\\]*/g)],
});

export const memory: ScriptIn = () => ({
  conversation: {
    ...NO_CAPABILITIES,
    steps: [
      TOOLS_LIST,
      call('read_graph'),
      call('create_entities', {
        entities: [
          { name: 'Ada', entityType: 'person', observations: ['wrote the first program', 'née Byron'] },
          { name: 'Engine', entityType: 'machine', observations: [] },
        ],
      }),
      call('create_relations', { relations: [{ from: 'Ada', to: 'Engine', relationType: 'programs' }] }),
      call('add_observations', { observations: [{ entityName: 'Engine', contents: ['never built 🎉'] }] }),
      call('add_observations', { observations: [{ entityName: 'Nobody', contents: ['unknown'] }] }),
      call('search_nodes', { query: 'byron' }),
      call('open_nodes', { names: ['Engine', 'Nobody'] }),
      ask('resources/list'),
      call('delete_entities', { entityNames: ['Ada'] }),
      call('read_graph'),
      call('create_entities', { entities: 'none' }),
      NO_SUCH_TOOL,
      NO_SUCH_METHOD,
      PING,
    ],
  },
  volatiles: [],
});

const thought = (thoughtNumber: number, more: object = {}) =>
  call('sequentialthinking', {
    thought: `Thought ${thoughtNumber}, überlegt`,
    nextThoughtNeeded: thoughtNumber < 3,
    thoughtNumber,
    totalThoughts: 3,
    ...more,
  });

export const sequentialThinking: ScriptIn = () => ({
  conversation: {
    ...NO_CAPABILITIES,
    steps: [
      TOOLS_LIST,
      thought(1),
      thought(2, { isRevision: true, revisesThought: 1 }),
      thought(2, { branchFromThought: 1, branchId: 'other' }),
      thought(3),
      call('sequentialthinking', { thought: 'no number' }),
      NO_SUCH_TOOL,
      ask('prompts/list'),
      NO_SUCH_METHOD,
      PING,
    ],
  },
  volatiles: [],
});

/** A page of its own: no network. */
const PAGE = `data:text/html,${encodeURIComponent(
  '<title>Page</title><h1>Hello</h1><button onclick="this.textContent=\'clicked\'">press</button>',
)}`;

export const playwright: ScriptIn = (files) => ({
  conversation: {
    capabilities: { roots: {} },
    answers: { 'roots/list': { roots: [{ uri: pathToFileURL(files).href, name: 'files' }] } },
    steps: [
      TOOLS_LIST,
      call('browser_navigate', { url: PAGE }),
      call('browser_snapshot'),
      call('browser_evaluate', { function: '() => document.title + " " + 6 * 7' }),
      call('browser_press_key', { key: 'Tab' }),
      call('browser_tabs', { action: 'list' }),
      call('browser_evaluate', { function: '() => { throw new Error("thrown in the page") }' }),
      call('browser_resize', { width: 'wide' }),
      call('browser_close'),
      NO_SUCH_TOOL,
      ask('resources/list'),
      NO_SUCH_METHOD,
      PING,
    ],
  },
  volatiles: [
    changing('names of files that are made of times', /\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d+Z/g),
    changing('milliseconds', /\b\d+ms\b/g),
  ],
});

/** Started only: its calls need the network. */
export const listsAlone: ScriptIn = () => ({
  conversation: {
    ...NO_CAPABILITIES,
    steps: [
      TOOLS_LIST,
      ask('prompts/list'),
      ask('resources/list'),
      NO_SUCH_TOOL,
      call('resolve-library-id', {}),
      NO_SUCH_METHOD,
      PING,
    ],
  },
  volatiles: [],
});

export const notes: ScriptIn = () => ({
  conversation: {
    ...OBLIGING,
    steps: [
      TOOLS_LIST,
      ask('prompts/list'),
      ask('resources/list'),
      ask('resources/templates/list'),
      call('add', { name: 'first', text: 'wörds 🎉\u2028' }),
      ask('logging/setLevel', { level: 'warning' }),
      call('add', { name: 'second', text: 'quiet' }),
      callWithProgress('count', { steps: 3 }),
      call('count', { steps: 'many' }),
      cancelled('wait'),
      call('fail'),
      call('elicit'),
      NO_SUCH_TOOL,
      ask('resources/read', { uri: 'note:///first' }),
      ask('resources/read', { uri: 'note:///nothing' }),
      ask('resources/subscribe', { uri: 'note:///first' }),
      ask('resources/unsubscribe', { uri: 'note:///first' }),
      ask('prompts/get', { name: 'summarise', arguments: { name: 'first' } }),
      ask('completion/complete', {
        ref: { type: 'ref/resource', uri: 'note:///{name}' },
        argument: { name: 'name', value: 'f' },
      }),
      NO_SUCH_METHOD,
      PING,
    ],
  },
  volatiles: [],
});
