import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { afterThisTest } from '../support/cleanup.js';
import { runCli } from '../support/cli-process.js';
import { until, withDeadline } from '../support/deadline.js';
import { mcpUrl, startGateway } from '../support/gateway.js';
import { buildRoot, projectRoot } from '../support/project.js';
import { connectStreamable, sdkClient } from '../support/sdk-client.js';
import { StatelessCaller, textIn } from '../support/stateless-caller.js';

const exampleFolder = join(projectRoot, 'examples');
/** To start a process with a gateway, on a machine that also runs other tests. */
const START_DEADLINE_MS = 30_000;
const PAGES = ['README.md', 'docs/writing-a-server-module.md'];

interface Snippet {
  readonly title: string;
  readonly code: string;
  /** The calls that the page shows, and the answers that it shows. */
  readonly calls: readonly { readonly args: readonly string[]; readonly output: string }[];
}

/** Every complete piece of JavaScript on a page, with the terminal session after it. */
function snippets(page: string): Snippet[] {
  const text = readFileSync(join(projectRoot, page), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, body]) => ({
    language: language!,
    body: body!,
  }));
  return blocks.flatMap(({ language, body }, index) => {
    if (language !== 'js') return [];
    const next = blocks[index + 1];
    return {
      title: `${page}, code block ${index + 1}`,
      code: body,
      calls: next?.language === 'console' ? callsIn(next.body) : [],
    };
  });
}

function callsIn(terminal: string): Snippet['calls'] {
  return terminal
    .split(/^\$ /m)
    .map((entry) => /^bulkhead call \S+ (\S+)(?: '(.*)')?\n(.*)$/s.exec(entry))
    .filter((match) => match !== null)
    .map(([, tool, json, output]) => ({
      args: json === undefined ? [tool!] : [tool!, json],
      output: output!,
    }));
}

/** Inside of the project, where `mcp-bulkhead` is the project itself. */
function snippetFile(code: string): string {
  const folder = mkdtempSync(join(buildRoot, 'snippet-'));
  afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'snippet.mjs');
  writeFileSync(file, code);
  return file;
}

function example(name: string): URL {
  return pathToFileURL(join(exampleFolder, name));
}

async function connect(module: URL) {
  const gateway = await startGateway({ serverModule: module, bundle: true });
  const client = sdkClient();
  await connectStreamable(client, gateway);
  const call = async (name: string, args: Record<string, unknown> = {}): Promise<string> => {
    const { content, isError } = await client.callTool({ name, arguments: args });
    expect(isError).not.to.equal(true);
    return (content as { text: string }[])[0]!.text;
  };
  return { gateway, client, call };
}

describe('the examples', () => {
  it('are all tested here', () => {
    expect(readdirSync(exampleFolder).filter((name) => name.endsWith('.mjs'))).to.have.members([
      'calculator.mjs',
      'dice.mjs',
      'greeter.mjs',
      'line-sorter.mjs',
      'shopping-list.mjs',
    ]);
  });

  it('dice rolls in both eras, and keeps no session in the stateless one', async () => {
    const { gateway, call } = await connect(example('dice.mjs'));
    expect(Number(await call('roll', { sides: 2 }))).to.be.within(1, 2);
    const reply = await new StatelessCaller(gateway.url).call('roll', { sides: 2 });
    expect(Number(textIn(reply))).to.be.within(1, 2);
  });

  it('shopping-list has a list for each principal', async () => {
    const token = 'a-token-of-more-than-sixteen-characters';
    const gateway = await startGateway({
      serverModule: example('shopping-list.mjs'),
      bundle: true,
      token,
    });
    const caller = new StatelessCaller(gateway.url, { token });
    await caller.call('add', { item: 'pears' });
    await caller.call('add', { item: 'bread' });
    expect(textIn(await caller.call('list'))).to.equal('pears, bread');
  });

  it('calculator has a sum for each handle', async () => {
    const gateway = await startGateway({ serverModule: example('calculator.mjs'), bundle: true });
    const caller = new StatelessCaller(gateway.url);
    const { result } = await caller.call('open_session');
    const { session } = result.structuredContent as { session: string };
    const add = (number: number) =>
      caller.call('add', { number, session }, {}, { headers: { 'mcp-param-session': session } });
    await add(2);
    expect(textIn(await add(3))).to.equal('5');
  });

  it('greeter greets', async () => {
    const { call } = await connect(example('greeter.mjs'));
    expect(await call('greet', { name: 'Ada' })).to.equal('Hello, Ada');
  });

  it('line-sorter sorts with a child process, remembers across a crash of its thread, and counts', async () => {
    const { gateway, client, call } = await connect(example('line-sorter.mjs'));
    expect(await call('sort_lines', { lines: ['pear', 'apple'] })).to.equal('apple\npear');
    expect(await call('sort_lines', { lines: ['a', 'b'], reverse: true })).to.equal('b\na');
    const counted = (): Promise<unknown> =>
      until(async () => {
        const url = new URL('/metrics', gateway.adminUrl);
        const response = await fetch(url, { headers: { connection: 'close' } });
        return (await response.text()).includes('\nline_sorter_lines_total 4\n');
      }, 'line_sorter_lines_total 4 in /metrics');
    // A thread reports at most once a second; what it has not reported is lost when it dies.
    await counted();

    const crash = await client.callTool({ name: 'crash' }).then(
      () => 'answered',
      (error: Error) => error.message,
    );
    expect(crash).to.include('continues with a fresh thread');
    expect(await call('history')).to.equal('4 lines');
    await counted();
  });
});

describe('the code on the pages', () => {
  for (const page of PAGES) {
    for (const { title, code, calls } of snippets(page)) {
      if (!code.includes('export default')) continue;
      it(`${title} serves${calls.length > 0 ? ' and answers what the page shows' : ''}`, async () => {
        const gateway = await startGateway({
          serverModule: pathToFileURL(snippetFile(code)),
          bundle: true,
        });
        for (const { args, output } of calls) {
          const exit = await runCli(['call', mcpUrl(gateway).href, ...args]);
          expect(exit).to.deep.include({ code: 0, stdout: output });
        }
      });
    }
  }

  const programs = PAGES.flatMap(snippets).filter(({ code }) => code.includes('createGateway('));

  it('has a program that embeds the gateway', () => {
    expect(programs).to.have.length(1);
  });

  for (const { title, code } of programs) {
    it(`${title} runs, serves and stops at SIGTERM`, async () => {
      const program = spawn(process.execPath, [snippetFile(code)], {
        cwd: projectRoot,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const closed = once(program, 'close');
      afterThisTest(async () => {
        program.kill('SIGKILL');
        await closed;
      });
      const output = { stdout: '', stderr: '' };
      for (const stream of ['stdout', 'stderr'] as const) {
        program[stream].setEncoding('utf8').on('data', (text: string) => {
          output[stream] += text;
        });
      }
      const url = await until(
        () => /http:\S+/.exec(output.stdout)?.[0],
        () => `the address of the gateway in ${JSON.stringify(output)}`,
        START_DEADLINE_MS,
      );
      const exit = await runCli(['call', url, 'greet', '{"name": "Ada"}']);
      expect(exit).to.deep.include({ code: 0, stdout: 'Hello, Ada\n' });
      program.kill('SIGTERM');
      const [exitCode] = await withDeadline(closed, 'the end of the program');
      expect(exitCode).to.equal(0);
    });
  }
});
