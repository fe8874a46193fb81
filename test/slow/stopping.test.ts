/** Whatever blocks a thread, libuv's pool, a child process or the log: the gateway ends when it is told to. */
import { once } from 'node:events';
import { expect } from 'chai';
import { holdGateway, type LogSink } from '../support/held-gateway.js';

const DRAIN_MS = 500;
const STOP_WITHIN_MS = DRAIN_MS + 5_000;
const AT_ONCE_MS = 1_000;

const HOLDS: readonly (readonly [kind: string, sink: LogSink])[] = [
  ['execSync of a child process', 'read'],
  ['openSync of a FIFO', 'read'],
  ['fs.promises.open of a FIFO', 'read'],
  ['four opens of a FIFO', 'read'],
  ['pbkdf2 in libuv’s pool', 'read'],
  ['pbkdf2Sync', 'read'],
  ['JSON.parse of 192 MB', 'read'],
  ['Atomics.wait', 'read'],
  ['an endless loop', 'read'],
  ['a stopped child process that ignores signals', 'read'],
  ['a flood of log lines', 'unread pipe'],
  ['a flood of log lines', 'full disk'],
];

describe('A gateway that is told to stop', function () {
  this.timeout(60_000);
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  for (const [kind, sink] of HOLDS) {
    describe(`while ${kind} holds it${sink === 'read' ? '' : `, stderr being ${sink === 'unread pipe' ? 'an unread pipe' : 'on a full disk'}`}`, () => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        it(`is gone within the drain timeout and 5 s of ${signal}`, async () => {
          const gateway = await holdGateway(kind, { drainMs: DRAIN_MS, sink });
          gateway.child.kill(signal);
          const { code, signal: endedBy } = await gateway.ended(STOP_WITHIN_MS);
          if (endedBy === null) expect(code).to.equal(0);
          else expect(endedBy).to.equal('SIGKILL');
        });
      }

      it('is gone within a second of a second SIGTERM', async () => {
        const gateway = await holdGateway(kind, { drainMs: 60_000, sink });
        gateway.child.kill('SIGTERM');
        await Promise.race([once(gateway.child, 'exit'), new Promise((resolve) => setTimeout(resolve, 300))]);
        expect(gateway.child.exitCode, 'it drains').to.equal(null);
        gateway.child.kill('SIGTERM');
        const { code, signal: endedBy } = await gateway.ended(AT_ONCE_MS);
        if (endedBy === null) expect(code).to.equal(143);
        else expect(endedBy).to.equal('SIGKILL');
      });
    });
  }
});
