import { expect } from 'chai';
import { connectedClient, sharedGateway } from '../support/gateway.js';
import { fixtureModule } from '../support/modules.js';
import { type RawClient, textOf } from '../support/raw-client.js';

const serverModule = fixtureModule('parts');

async function told(client: RawClient, tool: string, name?: string): Promise<unknown> {
  return JSON.parse(textOf(await client.call(tool, name === undefined ? {} : { name })));
}

describe('a session that is taken apart or spread', () => {
  const gateway = sharedGateway({ serverModule });

  it('works: state, spawn, a child process, holds, and what is made when it is asked for', async () => {
    const client = await connectedClient(gateway());
    expect(await told(client, 'apart')).to.deep.equal({
      state: [1, ['a'], true, []],
      said: 'through',
      code: 0,
      killed: false,
      id: client.sessionId,
      signal: false,
      metrics: 'function',
    });
  });
});

describe('session.spawn', () => {
  const gateway = sharedGateway({ serverModule });

  it('kills the process and its descendants by a timeout and by a signal, as node:child_process tells it', async () => {
    const client = await connectedClient(gateway());
    expect(await told(client, 'spawn', 'timeout')).to.deep.equal({
      code: null,
      signal: 'SIGTERM',
      out: '',
      errors: [],
    });
    for (const [name, signal] of [
      ['signal', 'SIGTERM'],
      ['aborted', 'SIGKILL'],
    ]) {
      expect(await told(client, 'spawn', name), name).to.deep.equal({
        code: null,
        signal,
        out: '',
        errors: ['AbortError', 'ABORT_ERR'],
      });
    }
  });

  it('takes options that say what is done anyway', async () => {
    const client = await connectedClient(gateway());
    const { code, out } = (await told(client, 'spawn', 'pipes')) as { code: number; out: string };
    expect([code, out]).to.deep.equal([0, 'done\n']);
  });

  it('refuses what it does not do, by name', async () => {
    const client = await connectedClient(gateway());
    const names = ['uid', 'gid', 'stdio', 'detached', 'shell', 'serialization', 'lifetime'];
    for (const [name, option] of [
      ...names.map((one) => [one, one]),
      ['inherited', 'stdio'],
      ['unknown', 'maxBuffer'],
    ]) {
      const answer = (await told(client, 'spawn', name)) as { refused: string; message: string };
      expect(answer.refused, name).to.equal('ERR_BULKHEAD_SPAWN');
      expect(answer.message).to.include(option);
    }
  });

  it('refuses values as node:child_process does', async () => {
    const client = await connectedClient(gateway());
    for (const [tool, name, code] of [
      ['spawn', 'cwd', 'ERR_INVALID_ARG_TYPE'],
      ['spawn', 'nul', 'ERR_INVALID_ARG_VALUE'],
      ['spawn', 'killSignal', 'ERR_UNKNOWN_SIGNAL'],
      ['spawn', 'negative', 'ERR_OUT_OF_RANGE'],
      ['spawn', 'notASignal', 'ERR_INVALID_ARG_TYPE'],
      ['wrong', 'command', 'ERR_INVALID_ARG_TYPE'],
      ['wrong', 'empty', 'ERR_INVALID_ARG_VALUE'],
      ['wrong', 'nul', 'ERR_INVALID_ARG_VALUE'],
      ['wrong', 'args', 'ERR_INVALID_ARG_TYPE'],
      ['wrong', 'argument', 'ERR_INVALID_ARG_VALUE'],
      ['wrong', 'options', 'ERR_INVALID_ARG_TYPE'],
    ] as const) {
      const answer = await told(client, tool, name);
      expect(typeof answer === 'string' ? answer : (answer as { refused: string }).refused, name).to.equal(
        code,
      );
    }
  });
});
