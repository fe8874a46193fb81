/** Servers whose environment depends on the principal: each session starts with what belongs to its own. */
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { secretsFolderName } from '../../src/servers/secrets/secret-folder.js';
import { runCli } from '../support/cli-process.js';
import { until } from '../support/deadline.js';
import type { Gateway } from '../support/gateway.js';
import {
  clientAs,
  refused,
  Secrets,
  secretCommand,
  type Told,
  tokensFile,
  told,
} from '../support/personal-servers.js';
import { inProcess, inThread, program, startCatalogue } from '../support/programs.js';
import { initializeRequest } from '../support/raw-client.js';
import { asleep } from '../support/sleep.js';
import { StatelessCaller, textIn } from '../support/stateless-caller.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const SERVER = 'personal-server.mjs';
/** Not template strings: the gateway reads them. */
const PRINCIPAL = { WHO: `$${'{principal.sub}'}`, ISSUER: `<$${'{principal.issuer}'}>` };
const SECRET = { KEY: `Bearer $${'{secret:KEY}'}`, TOKEN: `$${'{secret:KEY}'}:$${'{principal.sub}'}` };
const ENV = { ...PRINCIPAL, ...SECRET, PLAIN: 'plain' };

const KINDS = [
  ['a command', (more: object) => program(SERVER, [], more)],
  ['a script in a process', (more: object) => inProcess(SERVER, [], more)],
  ['a script in a thread', (more: object) => inThread(SERVER, [], more)],
] as const;

function keys(): Secrets {
  const secrets = new Secrets();
  secrets.store('ada', 'KEY', 'key-of-ada\n');
  secrets.store('bob', 'KEY', 'key-of-bob');
  return secrets;
}

function expected(subject: string): Partial<Told> {
  return {
    WHO: subject,
    ISSUER: '<token>',
    KEY: `Bearer key-of-${subject}`,
    TOKEN: `key-of-${subject}:${subject}`,
    PLAIN: 'plain',
    BULKHEAD_SECRET: null,
    BULKHEAD_PRINCIPAL: null,
  };
}

for (const [kind, entry] of KINDS) {
  describe(`${kind} with an environment of its principal`, () => {
    it('starts for each session with the values of whoever opened it', async () => {
      const gateway = await startCatalogue(
        { mine: entry({ env: ENV }) },
        { tokensFile: tokensFile(), secrets: keys().folder },
      );
      expect(gateway.snapshot().childProcesses).to.equal(0);
      const seen = await Promise.all(
        ['ada', 'bob', 'ada', 'bob'].map(async (subject) => {
          const client = clientAs(gateway, 'mine', subject);
          const variables = await told(client);
          expect(variables).to.deep.include(expected(subject));
          const tools = await client.ask('tools/list', {});
          expect(tools.result?.tools).to.have.nested.property('[0].name', `of_${subject}`);
          return variables;
        }),
      );
      expect(new Set(seen.map(({ instance }) => instance)).size).to.equal(4);
      // The gateway's own, in whatever the entry says.
      expect(seen.map(({ TMPDIR }) => TMPDIR)).to.satisfy((folders: string[]) => new Set(folders).size === 4);
    });

    it('wakes with the secret as it is then', async () => {
      const secrets = keys();
      const gateway = await startCatalogue(
        { mine: entry({ env: ENV, sleepAfter: '50ms' }) },
        { tokensFile: tokensFile(), secrets: secrets.folder },
      );
      const client = clientAs(gateway, 'mine', 'ada');
      const before = await told(client);
      await asleep(gateway, client);
      secrets.store('ada', 'KEY', 'another\n');
      const after = await told(client);
      expect(after.instance).not.to.equal(before.instance);
      expect(after.KEY).to.equal('Bearer another');
    });

    it('is not started without the secret, and says what is missing', async () => {
      const secrets = keys();
      const { gateway, lines } = await logged(entry({ env: ENV }), secrets);
      secrets.store('ada', 'KEY', '\n');
      const empty = await refused(clientAs(gateway, 'mine', 'ada'));
      expect(empty.status).to.equal(500);
      expect(empty.message).to.match(
        /^The variable (?:KEY|TOKEN) of the server "mine" needs the secret KEY, which is empty\./,
      );
      expect(empty.data).to.deep.include({ reason: 'no_secret' });
      await gateway.reload('mine');
      expect(await told(clientAs(gateway, 'mine', 'bob'))).to.deep.include(expected('bob'));
      expect(lines().join('\n'))
        .to.include('needs the secret KEY, which is empty')
        .and.include('was not tried out');
    });

    it('shares no compartment with another principal in the stateless era', async () => {
      const options = { tokensFile: tokensFile(), secrets: keys().folder };
      const gateway = await startCatalogue(
        {
          request: entry({ env: ENV, affinity: 'request', reuse: true }),
          principal: entry({ env: ENV, affinity: 'principal' }),
        },
        options,
      );
      const instances = new Map<string, Set<string>>();
      const call = async (server: string, token: string): Promise<void> => {
        const caller = new StatelessCaller(new URL(`/${server}/mcp`, gateway.url), { token });
        const variables = JSON.parse(textIn(await caller.call('variables'))) as Told;
        expect(variables).to.deep.include(expected(token));
        const key = `${server} ${token}`;
        instances.set(key, (instances.get(key) ?? new Set()).add(variables.instance));
        const list = await caller.request('tools/list');
        expect(list.result.tools).to.have.nested.property('[0].name', `of_${token}`);
        expect(list.result.cacheScope).to.equal('private');
      };
      for (let round = 0; round < 4; round += 1)
        await Promise.all(
          ['request', 'principal'].flatMap((server) => ['ada', 'bob'].map((token) => call(server, token))),
        );
      expect(instances.get('principal ada')?.size).to.equal(1);
      expect(instances.get('principal bob')?.size).to.equal(1);
      const all = [...instances.values()].flatMap((some) => [...some]);
      expect(new Set(all).size).to.equal(all.length);
    });
  });
}

describe('A command with an environment of its principal', () => {
  it('that does not exist keeps the session from starting, and the next one finds out anew', async () => {
    const gateway = await startCatalogue({ mine: { command: 'no-such-program', env: PRINCIPAL } });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const { message } = await refused(clientAs(gateway, 'mine', 'ada'));
      expect(message).to.include('the command "no-such-program" was not found');
    }
    await until(() => gateway.snapshot().childProcesses === 0, 'nothing to be left');
  });

  it('that crashes while it is loaded keeps the session from starting', async () => {
    const path = join(temporaryFolder(), 'crashing.cjs');
    writeFileSync(path, 'throw new Error("as planned")');
    const gateway = await startCatalogue({
      thread: { script: path, isolation: 'thread', env: PRINCIPAL },
      process: { script: path, isolation: 'process', env: PRINCIPAL },
    });
    const ofThread = await refused(clientAs(gateway, 'thread', 'ada'));
    expect(ofThread.message).to.include('it crashed: as planned');
    const ofProcess = await refused(clientAs(gateway, 'process', 'ada'));
    expect(ofProcess.message).to.include('it ended with exit code 1');
  });
});

describe('A secret of a principal', () => {
  it('is in no log line, event, error, metric, list of sessions or of servers', async () => {
    const secrets = keys();
    secrets.store('bob', 'KEY', 'key-of-bob\0');
    const events: string[] = [];
    const { gateway, lines } = await logged(
      program(SERVER, [], { env: ENV }),
      secrets,
      { threadScript: inThread(SERVER, [], { env: ENV }) },
      (started) => {
        const { emit } = started.events;
        started.events.emit = function (this: unknown, ...all: unknown[]) {
          events.push(JSON.stringify(all, (_key, value) => (value instanceof Map ? [...value] : value)));
          return Reflect.apply(emit, started.events, all);
        } as typeof emit;
      },
    );
    const texts: string[] = [];
    for (const server of ['mine', 'threadScript']) {
      const client = clientAs(gateway, server, 'ada');
      expect(await told(client)).to.deep.include(expected('ada'));
      const { message } = await refused(clientAs(gateway, server, 'bob'));
      expect(message).to.include('contains a NUL');
      texts.push(message, JSON.stringify(gateway.sessions()), JSON.stringify(gateway.snapshot()));
    }
    for (const path of ['sessions', 'servers', 'metrics'])
      texts.push(await (await fetch(new URL(path, gateway.adminUrl))).text());
    texts.push(...lines(), ...events, (await gateway.metrics()).body);
    expect(events.length).to.be.above(5);
    expect(lines().length).to.be.above(3);
    expect(texts.filter((text) => text.includes('key-of-'))).to.deep.equal([]);
    await gateway.close();
    expect(lines().filter((text) => text.includes('key-of-'))).to.deep.equal([]);
  });

  it('belongs to nobody in particular if the client has not said who it is', async () => {
    const gateway = await startCatalogue(
      { mine: program(SERVER, [], { env: SECRET }) },
      { secrets: keys().folder },
    );
    const { message, status } = await refused(clientAs(gateway, 'mine', 'ada'));
    expect(status).to.equal(500);
    expect(message).to.include('needs the secret KEY').and.include('does not say who that is');
  });

  it('belongs to nobody in particular over stdio', async () => {
    const gateway = await startCatalogue(
      { mine: program(SERVER, [], { env: SECRET }) },
      { secrets: keys().folder },
    );
    const [input, output] = [new PassThrough(), new PassThrough()];
    gateway.connect({ input, output });
    input.write(`${JSON.stringify(initializeRequest(1))}\n`);
    const [line] = await once(output, 'data');
    expect(String(line)).to.include('needs the secret KEY').and.include('does not say who that is');
    input.end();
  });

  it('is where the command says', async () => {
    const secrets = keys();
    const { stdout, code } = await runCli(['secrets', 'path', 'token', 'ada', '--folder', secrets.folder]);
    expect(code).to.equal(0);
    expect(readFileSync(join(stdout.trim(), 'KEY'), 'utf8')).to.equal('key-of-ada\n');
    const unknown = await runCli(['secrets', 'path', 'an issuer', 'ada']);
    expect(unknown.code).to.equal(2);
    expect(unknown.stderr).to.include('The issuer is "an issuer"');
  });

  it('is not needed for a variable that only names the principal, which may be anonymous', async () => {
    const gateway = await startCatalogue({ mine: program(SERVER, [], { env: PRINCIPAL }) });
    expect(await told(clientAs(gateway, 'mine', 'ada'))).to.deep.include({
      WHO: 'anonymous',
      ISSUER: '<anonymous>',
    });
  });

  it('is not sought where a file of that name is no file, or longer than a secret may be', async () => {
    const secrets = keys();
    secrets.store('bob', 'KEY', 'x'.repeat(64 * 1024 + 1));
    const { gateway, lines } = await logged(program(SERVER, [], { env: SECRET }), secrets);
    const { message } = await refused(clientAs(gateway, 'mine', 'bob'));
    expect(message).to.include('has more than 64 KiB');
    const others = await logged(program(SERVER, [], { env: { A: `$${'{secret:OTHER}'}` } }), secrets);
    const missing = await refused(clientAs(others.gateway, 'mine', 'bob'));
    expect(missing.message).to.include(
      'The variable A of the server "mine" needs the secret OTHER, which is not stored for you.',
    );
    expect(missing.message).not.to.include(secrets.folder);
    const path = join(secrets.folder, secretsFolderName('token bob'), 'OTHER');
    expect(others.lines().join('\n')).to.include(`there is no file ${path}`);
    expect(lines().join('\n')).not.to.include('xxx');
  });
});

describe('secrets-command', () => {
  const start = (script: string, env: object = SECRET) =>
    logged(program(SERVER, [], { env }), { command: secretCommand(script) });

  it('is told whose secret is wanted, and prints it', async () => {
    const { gateway } = await start(
      'echo "$BULKHEAD_SECRET of $BULKHEAD_PRINCIPAL_ISSUER/$BULKHEAD_PRINCIPAL_SUB $BULKHEAD_PRINCIPAL $# $BULKHEAD_TOKEN"',
    );
    expect((await told(clientAs(gateway, 'mine', 'ada'))).KEY).to.equal(
      'Bearer KEY of token/ada token ada 0 ',
    );
  });

  it('runs once for a start in which two variables refer to the same secret, and anew for the next start', async () => {
    const runs = join(temporaryFolder(), 'runs');
    const { gateway } = await start(`echo run >> ${runs}; wc -l < ${runs}`);
    expect(await told(clientAs(gateway, 'mine', 'ada'))).to.deep.include({ KEY: 'Bearer 1', TOKEN: '1:ada' });
    expect(await told(clientAs(gateway, 'mine', 'ada'))).to.deep.include({ KEY: 'Bearer 2', TOKEN: '2:ada' });
  });

  for (const [what, script, logs] of [
    ['fails', 'echo key-of-nobody; echo key-of-nobody >&2; exit 3', 'it ended with exit code 3'],
    ['floods', 'exec cat /dev/zero', 'it printed more than 64 KiB'],
    ['kills itself', 'echo key-of-nobody; kill -9 $$', 'it was ended by SIGKILL'],
  ] as const)
    it(`that ${what} keeps the session from starting`, async () => {
      const { gateway, lines } = await start(script);
      const { status, message } = await refused(clientAs(gateway, 'mine', 'ada'));
      expect(status).to.equal(500);
      expect(message).to.include('needs the secret KEY, which cannot be read.').and.not.include(logs);
      expect(lines().join('\n')).to.include(logs).and.not.include('key-of-nobody');
    });

  it('that is missing keeps the session from starting', async () => {
    const { gateway, lines } = await logged(program(SERVER, [], { env: SECRET }), {
      command: 'no-such-command',
    });
    const { message } = await refused(clientAs(gateway, 'mine', 'ada'));
    expect(message).to.include('cannot be read');
    expect(lines().join('\n')).to.include('could not be started: ENOENT');
  });

  it('that hangs is ended after 10 s, with what it has started', async () => {
    const pids = join(temporaryFolder(), 'pids');
    const { gateway } = await start(`echo $$ >> ${pids}; sleep 1000 & echo $! >> ${pids}; wait`);
    const { status, message } = await refused(clientAs(gateway, 'mine', 'ada'), 15_000);
    expect(status).to.equal(500);
    expect(message).to.include('was not there within 10 s');
    const all = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
    expect(all).to.have.length(2);
    await until(() => all.every((pid) => !isAlive(pid)), 'its processes to be gone');
  });

  it('of a principal whose runs hang leaves room for others, and ends with its sessions', async () => {
    const pids = join(temporaryFolder(), 'pids');
    const { gateway } = await start(
      `echo $$ >> ${pids}; if test "$BULKHEAD_PRINCIPAL_SUB" = ada; then exec sleep 1000; fi; echo key`,
    );
    const waiting = Array.from({ length: 12 }, () => clientAs(gateway, 'mine', 'ada'));
    for (const client of waiting) void refused(client).catch(() => {});
    await until(() => existsSync(pids) && readFileSync(pids, 'utf8').split('\n').length === 3, 'two runs');
    expect((await told(clientAs(gateway, 'mine', 'bob'))).KEY).to.equal('Bearer key');
    for (const client of waiting) client.destroy();
    await until(
      () =>
        readFileSync(pids, 'utf8')
          .trim()
          .split('\n')
          .map(Number)
          .every((pid) => !isAlive(pid)),
      'all runs to have ended',
    );
    await until(() => gateway.sessions().length === 1, 'the sessions to have ended');
  });
});

/** A gateway with one server, `mine`, whose log is collected. */
async function logged(
  mine: object,
  from: { readonly folder?: string; readonly command?: string },
  more: object = {},
  watch: (gateway: Gateway) => void = () => {},
): Promise<{ readonly gateway: Gateway; lines(): readonly string[] }> {
  const lines: string[] = [];
  const note = (fields: object, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const gateway = await startCatalogue({ mine, ...more } as Parameters<typeof startCatalogue>[0], {
    tokensFile: tokensFile(),
    ...(from.folder !== undefined && { secrets: from.folder }),
    ...(from.command !== undefined && { secretsCommand: [from.command] }),
    logger: { debug: note, info: note, warn: note, error: note },
    logLevel: 'debug',
  });
  watch(gateway);
  return { gateway, lines: () => lines };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
