import { expect } from 'chai';
import { checkProgramOptions, type ProgramOptions } from '../../src/program-options.js';
import { GatewayEmitter } from '../../src/telemetry/events.js';
import type { GatewayLogger } from '../../src/telemetry/log/given-logger.js';
import { forwardLog } from '../../src/telemetry/log/log.js';
import { collect } from '../support/events.js';

const NOTICE = { level: 'warn', message: 'something', fields: { token: 'secret', count: 1 } } as const;

/** A logger all of whose methods do this. */
function loggerOf(write: (fields: object, message: string) => unknown): GatewayLogger {
  return { debug: write, info: write, warn: write, error: write };
}

describe('The logger of a program', () => {
  it('gets fields and a message, without what looks like a secret, until the log is closed', async () => {
    const events = new GatewayEmitter();
    const lines: unknown[] = [];
    const log = forwardLog(
      events,
      loggerOf((fields, message) => lines.push([fields, message])),
    );
    events.emit('notice', NOTICE);
    await log.close();
    events.emit('notice', NOTICE);
    expect(lines).to.deep.equal([[{ token: '[redacted]', count: 1 }, 'something']]);
  });

  for (const [what, write] of [
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ] as const)
    it(`costs its line and nothing else if it ${what}`, async () => {
      const events = new GatewayEmitter();
      const failures = collect(events, 'logger-failed');
      const log = forwardLog(events, loggerOf(write));
      events.emit('notice', NOTICE);
      await new Promise((resolve) => setImmediate(resolve));
      expect(failures).to.deep.equal([{ message: 'disk full' }]);
      await log.close();
    });
});

describe('Options that only a program can give', () => {
  for (const [options, sentence] of [
    [{ listen: 'no' }, 'listen is a value of type string, but must be true or false.'],
    [{ authenticate: {} }, 'authenticate is a value of type object, but must be a function.'],
    [
      { logger: { info() {}, error() {} } },
      'logger must have the methods debug, info, warn and error, but lacks debug, warn.',
    ],
  ] as const)
    it(`are checked: ${sentence}`, () => {
      expect(() => checkProgramOptions(options as unknown as ProgramOptions))
        .to.throw(sentence)
        .with.property('code', 'ERR_BULKHEAD_OPTION');
    });
});
