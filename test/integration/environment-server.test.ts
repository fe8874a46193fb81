import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { candidatesOf } from '../../src/cli/load/default-tool.js';
import { environmentServer } from '../../workers/environment/index.js';
import { readToolchains, recallToolchains } from '../../workers/environment/toolchains.js';
import {
  connectEnvironment,
  type EnvironmentClient,
  testSession,
  textOf,
} from '../fixtures/environment/environment-client.js';

describe('the environment server', () => {
  let environment: EnvironmentClient;

  before(async () => {
    environment = await connectEnvironment({ roots: ['/'] });
  });

  after(async () => {
    await environment.close();
  });

  it('is called environment and tells the model what it is for', () => {
    const { name, version, instructions } = environmentServer({
      roots: ['/data'],
      allowPrivateNetwork: false,
    });
    expect({ name, version }).to.deep.equal({ name: 'environment', version: '0.1.0' });
    expect(instructions).to.include('/data');
  });

  it('is loaded with its cheapest tool alone, which starts no process, in whatever order it lists its tools', async () => {
    const { tools } = await environment.client.listTools();
    const server = environmentServer({ roots: ['/'], allowPrivateNetwork: false });
    for (const listed of [tools, tools.toReversed()]) {
      const { candidates } = candidatesOf(listed, { name: server.name, version: server.version });
      expect(candidates.map(({ entry }) => entry)).to.deep.equal([
        { tool: 'session_info', arguments: {}, weight: 1 },
      ]);
    }
  });

  it('has seven tools with titles, annotations and a description of every argument and result', async () => {
    const { tools } = await environment.client.listTools();
    expect(tools.map(({ name }) => name).toSorted()).to.deep.equal([
      'environment_info',
      'http_request',
      'list_directory',
      'read_file',
      'search_files',
      'session_info',
      'wait',
    ]);
    for (const { name, title, description, annotations, inputSchema, outputSchema } of tools) {
      expect(title, name).to.be.a('string');
      expect(description, name).to.be.a('string');
      expect(annotations?.readOnlyHint, name).to.equal(name !== 'http_request');
      expect(annotations?.openWorldHint, name).to.equal(name === 'http_request');
      const properties = { ...inputSchema.properties, ...outputSchema?.properties };
      for (const [field, schema] of Object.entries(properties)) {
        expect(schema, `${name}.${field}`).to.have.property('description');
      }
    }
  });

  describe('environment_info', () => {
    it('tells the machine, and the same as text and as structured content', async () => {
      const result = await environment.call('environment_info');
      expect(JSON.parse(textOf(result))).to.deep.equal(result.structuredContent);
      const info = result.structuredContent as {
        system: { platform: string };
        processor: { count: number };
        memory: { totalBytes: number };
        disks: { mountPoint: string; totalBytes: number }[];
        tools: Record<string, string | null>;
      };
      expect(info.system.platform).to.equal(process.platform);
      expect(info.processor.count).to.be.greaterThan(0);
      expect(info.memory.totalBytes).to.be.greaterThan(0);
      expect(info.disks.find(({ mountPoint }) => mountPoint === '/')?.totalBytes).to.be.greaterThan(0);
      expect(info.tools.node).to.match(/^\d+\.\d+\.\d+$/);
    });

    it('tells null for a tool that is missing, fails or does not answer in time', async () => {
      const stand: Record<string, [string, ...string[]]> = {
        // Programs that start at once, also beside other tests: only the silent one may reach the limit.
        git: ['sh', '-c', 'echo git version 2.50.1'],
        make: ['sh', '-c', 'echo 1.2.3; exit 1'],
        java: ['sleep', '60'],
      };
      const children: ChildProcess[] = [];
      const session = testSession({
        spawn: (command) => {
          const [file, ...args] = stand[command] ?? ['/no/such/command'];
          const child = spawn(file, args, { stdio: 'pipe' });
          if (command === 'java') children.push(child);
          return child;
        },
      });
      const versions = await readToolchains(session, new AbortController().signal, 3_000);
      expect(versions).to.include({ git: '2.50.1', make: null, java: null, cargo: null });
      const [silent] = children;
      if (silent?.signalCode === null) await once(silent, 'exit');
      expect(silent?.signalCode).to.equal('SIGKILL');
    });

    it('asks a tool once, and again only where it was silent', async () => {
      const asked: string[] = [];
      const session = testSession({
        spawn: (command) => {
          asked.push(command);
          const script = command === 'git' ? 'setInterval(() => {}, 1000)' : 'console.log("1.2.3")';
          const known = ['git', 'make'].includes(command);
          return spawn(known ? process.execPath : '/no/such/command', ['-e', script], { stdio: 'pipe' });
        },
      });
      const { signal } = new AbortController();
      const first = await recallToolchains(session, signal, 1_500);
      expect(first).to.include({ make: '1.2.3', git: null, cargo: null });
      expect(asked).to.have.length(19);
      expect(await recallToolchains(session, signal, 100)).to.deep.equal(first);
      expect(asked.slice(19)).to.deep.equal(['git']);
    });

    it('kills what it runs and starts nothing more when it is cancelled', async () => {
      const children: ChildProcess[] = [];
      const cancel = new AbortController();
      const session = testSession({
        spawn: () => {
          const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'pipe' });
          children.push(child);
          return child;
        },
      });
      const running = readToolchains(session, cancel.signal).catch((error: Error) => error.message);
      const exits = Promise.all(children.map((child) => once(child, 'exit')));
      cancel.abort(new Error('enough'));
      expect(await running).to.equal('enough');
      await exits;
      expect(children).to.have.length(8);
    });
  });

  describe('session_info', () => {
    it('tells the context and the memory of the thread', async () => {
      const result = await environment.call('session_info');
      expect(JSON.parse(textOf(result))).to.deep.equal(result.structuredContent);
      expect(result.structuredContent).to.include({
        sessionId: 'session-1',
        principal: 'anonymous',
        userAgent: null,
        requestKey: 'request-1',
      });
      expect(result.structuredContent?.metadata).to.deep.equal({ team: 'blue', count: '3n' });
      const { thread } = result.structuredContent as {
        thread: { heapUsedBytes: number; heapLimitBytes: number };
      };
      expect(thread.heapUsedBytes).to.be.within(1, thread.heapLimitBytes);
    });
  });

  describe('wait', () => {
    it('waits as long as it is told, and tells its progress each second', async () => {
      const progress: [number, number | undefined][] = [];
      const result = await environment.client.callTool(
        { name: 'wait', arguments: { ms: 1_100 } },
        undefined,
        {
          onprogress: (notification) => progress.push([notification.progress, notification.total]),
        },
      );
      const { waitedMs } = result.structuredContent as { waitedMs: number };
      expect(waitedMs).to.be.at.least(1_100);
      expect(progress[0]?.[0]).to.be.within(990, 1_100);
      expect(progress.at(-1)).to.deep.equal([1_100, 1_100]);
    });

    it('ends when it is cancelled', async () => {
      const cancel = new AbortController();
      const settled = environment.settled('wait');
      const call = environment.client.callTool({ name: 'wait', arguments: { ms: 600_000 } }, undefined, {
        signal: cancel.signal,
        timeout: 700_000,
      });
      const cancelled = call.catch(() => 'cancelled');
      cancel.abort('enough');
      await settled;
      expect(await cancelled).to.equal('cancelled');
    });

    it('refuses more than ten minutes', async () => {
      const result = await environment.call('wait', { ms: 600_001 });
      expect(result.isError).to.equal(true);
    });
  });
});
